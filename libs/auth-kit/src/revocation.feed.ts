import type { AccessTokenClaims, Permission, Role, TenantSnapshot } from '@poc-tracker/contracts';

/** What a person may do at this moment, and the tenant as it is at this moment. */
export interface CurrentRights {
  role: Role;
  /** The effective ones: those of the role and those granted to the person alone. */
  permissions: Permission[];
  tenant: TenantSnapshot;
}

/**
 * What the issuer knows now of a token that was good when it was made. It is asked on every
 * request, remembered token or not, and answers by the token's ids, never by its text.
 */
export abstract class RevocationFeed {
  /** @throws ApiError TOKEN_REVOKED, SESSION_EXPIRED or INVALID_TENANT. */
  abstract currentRights(claims: AccessTokenClaims): Promise<CurrentRights>;
}
