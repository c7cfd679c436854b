import {
  type AccessTokenClaims,
  effectivePermissions,
  type ErrorCode,
  type Permission,
  type Role,
  type TenantSnapshot,
  type UserStatus,
} from '@poc-tracker/contracts';

/** By what a session is asked about: an access token has it, and so has a refresh token. */
export type SessionClaims = Pick<AccessTokenClaims, 'tenant_id' | 'sub' | 'session_id'>;

/** What the issuer's tables say of a session, its person and its tenant at one moment. */
export interface SessionStatus {
  sessionActive: boolean;
  /** Milliseconds since the epoch. */
  sessionExpiresAt: number;
  userStatus: UserStatus;
  role: Role;
  /** What is granted beside the role, by the person's own row or by a role of the tenant's making. */
  permissions: readonly Permission[];
  tenant: TenantSnapshot;
}

/** Where a standing is asked for when it is not in memory. */
export interface SessionStatusSource {
  /**
   * The standing as it is now, never from a cache.
   * @returns undefined when there is no such session of this person in this tenant.
   * @throws Error when nobody can be asked.
   */
  ask(claims: SessionClaims): Promise<SessionStatus | undefined>;
}

/** What a person may do at this moment, and the tenant as it is at this moment. Shared by requests, hence frozen. */
export interface CurrentRights {
  readonly role: Role;
  /** The effective permissions: those of the role and those granted beside it. */
  readonly permissions: readonly Permission[];
  readonly tenant: TenantSnapshot;
}

/** What a standing is worth: rights until the session's end, or the reason to refuse. */
export type Verdict =
  { readonly rights: CurrentRights; readonly expiresAt: number } | { readonly refusal: ErrorCode };

export function judge(standing: SessionStatus | undefined): Verdict {
  if (standing?.sessionActive !== true || standing.userStatus !== 'active')
    return { refusal: 'TOKEN_REVOKED' };
  if (standing.tenant.status !== 'active') return { refusal: 'INVALID_TENANT' };
  const { role, permissions, tenant, sessionExpiresAt } = standing;
  const rights = Object.freeze({
    role,
    permissions: Object.freeze(effectivePermissions(role, permissions)),
    tenant: Object.freeze(tenant),
  });
  return { rights, expiresAt: sessionExpiresAt };
}
