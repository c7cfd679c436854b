import type { AccessTokenClaims, Permission, Role, TenantSnapshot } from '@poc-tracker/contracts';
import type { CurrentRights, SessionClaims } from '../session-status/session-status.js';

/**
 * Who makes a request, with the rights as they are now, not as they were when the token was minted.
 */
export interface Principal {
  userId: string;
  tenantId: string;
  sessionId: string;
  /** The token's `jti`. */
  tokenId: string;
  role: Role;
  /** The effective permissions: those of the role and those granted to the person alone. */
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

/** What the standing of the person's session is asked by, for work that goes on after the request's own check. */
export function toSessionClaims({ tenantId, userId, sessionId }: Principal): SessionClaims {
  return { tenant_id: tenantId, sub: userId, session_id: sessionId };
}
