import { type AccessTokenClaims, PERMISSIONS, PLANS, ROLES } from '@poc-tracker/contracts';
import { ClaimReader } from './claim-reader.js';

/**
 * Life of an access token, in seconds. It is also the longest life that is accepted: revocations
 * are remembered for as long, and a token that outlived them would come back from its revocation.
 */
export const ACCESS_TOKEN_SECONDS = 15 * 60;

/** Whose tokens are accepted, and for whom they must be meant. */
export interface ExpectedParties {
  issuer: string;
  audience: string;
}

/**
 * The claims of an access token whose signature has been verified, each of the right shape (RFC
 * 9068, 4). Claims that are not known are left out.
 * @param now seconds since the epoch.
 * @throws ApiError INVALID_TOKEN
 */
export function readAccessTokenClaims(
  payload: unknown,
  { issuer, audience }: ExpectedParties,
  now: number,
): AccessTokenClaims {
  const claims = new ClaimReader(payload);
  return {
    iss: claims.exactly('iss', issuer),
    aud: claims.exactly('aud', audience),
    ...claims.lifetime(now, ACCESS_TOKEN_SECONDS),
    sub: claims.uuid('sub'),
    jti: claims.uuid('jti'),
    tenant_id: claims.uuid('tenant_id'),
    tenant_subdomain: claims.text('tenant_subdomain'),
    user_role: claims.oneOf('user_role', ROLES),
    permissions: claims.knownOf('permissions', PERMISSIONS),
    plan_type: claims.oneOf('plan_type', PLANS),
    session_id: claims.uuid('session_id'),
    ...(claims.has('device_id') && { device_id: claims.text('device_id') }),
  };
}
