import type {
  AccessTokenClaims,
  AuthenticationMethod,
  FactorKind,
  Permission,
  Role,
  TenantSnapshot,
} from '@poc-tracker/contracts';
import type { CurrentRights, FactorDue, SessionClaims } from '../session-status/session-status.js';

/** How and when the user proved their identity, as the token says: a later proof does not refresh tokens issued before it. */
export interface Authentication {
  methods: readonly AuthenticationMethod[];
  /** Seconds since the epoch. */
  at: number;
}

/** The authenticated caller of a request, with their current rights instead of those in the token. */
export interface Principal {
  userId: string;
  tenantId: string;
  sessionId: string;
  /** The token's `jti`. */
  tokenId: string;
  role: Role;
  /** The effective permissions: those of the role and those granted in addition. */
  permissions: readonly Permission[];
  tenant: TenantSnapshot;
  authentication: Authentication;
  /** The second factors that the user has. */
  factors: readonly FactorKind[];
  factorDue: FactorDue;
  /** Seconds since the epoch. */
  tokenExpiresAt: number;
}

export function toPrincipal(claims: AccessTokenClaims, rights: CurrentRights): Principal {
  return {
    userId: claims.sub,
    tenantId: claims.tenant_id,
    sessionId: claims.session_id,
    tokenId: claims.jti,
    role: rights.role,
    permissions: rights.permissions,
    tenant: rights.tenant,
    authentication: { methods: claims.amr, at: claims.auth_time },
    factors: rights.factors,
    factorDue: rights.factorDue,
    tokenExpiresAt: claims.exp,
  };
}

/** The claims that identify the principal's session, to check its status again later. */
export function toSessionClaims({ tenantId, userId, sessionId }: Principal): SessionClaims {
  return { tenant_id: tenantId, sub: userId, session_id: sessionId };
}
