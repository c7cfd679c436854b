import {
  type AccessTokenClaims,
  effectivePermissions,
  type ErrorCode,
  type FactorKind,
  type Permission,
  type Role,
  type TenantSnapshot,
  type UserStatus,
} from '@poc-tracker/contracts';
import type { Timestamp } from '../revocation/timestamp.js';

/** The claims that identify a session. Access tokens and refresh tokens both have them. */
export type SessionClaims = Pick<AccessTokenClaims, 'tenant_id' | 'sub' | 'session_id'>;

/**
 * What a session still lacks in a tenant that requires a second factor: the user has none and must enroll one, or has one
 * that was not verified in this session. Null: nothing.
 */
export type FactorDue = 'enrollment' | 'verification' | null;

/** The state of a session, its user and its tenant in the issuer's database. */
export interface SessionStatus {
  sessionActive: boolean;
  /** Milliseconds since the epoch, by the clock of the issuer's database. Information only. */
  sessionExpiresAt: number;
  /** Milliseconds that are left, by the same clock: clocks of two hosts differ, and durations do not. */
  sessionExpiresInMs: number;
  userStatus: UserStatus;
  role: Role;
  /** Permissions granted in addition to the role, to the user or by a custom role of the tenant. */
  permissions: readonly Permission[];
  /** The second factors that the user has. */
  factors: readonly FactorKind[];
  factorDue: FactorDue;
  tenant: TenantSnapshot;
}

/** Provides the status of a session that is not cached. */
export interface SessionStatusSource {
  /**
   * The current status, never from a cache.
   * @returns undefined if this user has no such session in this tenant.
   * @throws Error if the status cannot be fetched.
   */
  fetch(claims: SessionClaims): Promise<SessionStatus | undefined>;
}

/** What the user may do now, and their tenant as it is now. Shared by requests, hence frozen. */
export interface CurrentRights {
  readonly role: Role;
  /** The effective permissions: those of the role and those granted in addition. */
  readonly permissions: readonly Permission[];
  /** The second factors that the user has. */
  readonly factors: readonly FactorKind[];
  readonly factorDue: FactorDue;
  readonly tenant: TenantSnapshot;
}

/** The rights of a session, for so many milliseconds from a time of this process; or the reason to refuse it. */
export type SessionDecision =
  | { readonly rights: CurrentRights; readonly from: Timestamp; readonly validMs: number }
  | { readonly refusal: ErrorCode };

/** @param askedAt when the status was requested: what is left of the session counts from then. */
export function evaluateStatus(
  status: SessionStatus | undefined,
  askedAt: Timestamp,
): SessionDecision {
  if (status?.sessionActive !== true || status.userStatus !== 'active')
    return { refusal: 'TOKEN_REVOKED' };
  if (status.tenant.status !== 'active') return { refusal: 'INVALID_TENANT' };
  const { role, permissions, factors, factorDue, tenant, sessionExpiresInMs } = status;
  // An issuer that does not state what is left must not open a session without an end.
  if (!(sessionExpiresInMs > 0)) return { refusal: 'SESSION_EXPIRED' };
  const rights = Object.freeze({
    role,
    permissions: Object.freeze(effectivePermissions(role, permissions)),
    factors: Object.freeze(factors),
    factorDue,
    tenant: Object.freeze(tenant),
  });
  return { rights, from: askedAt, validMs: sessionExpiresInMs };
}
