import type { AccessTokenClaims, Permission, Role, TenantSnapshot } from '@poc-tracker/contracts';
import type { CurrentRights, SessionClaims } from '../session-status/session-status.js';

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
    tokenExpiresAt: claims.exp,
  };
}

/** The claims that identify the principal's session, to check its status again later. */
export function toSessionClaims({ tenantId, userId, sessionId }: Principal): SessionClaims {
  return { tenant_id: tenantId, sub: userId, session_id: sessionId };
}
