import {
  type AccessTokenClaims,
  ASSURANCE_LEVELS,
  AUTHENTICATION_METHODS,
  PERMISSIONS,
  PLANS,
  ROLES,
} from '@poc-tracker/contracts';
import { ClaimReader } from './claim-reader.js';

/**
 * Lifetime of an access token, in seconds, and the longest that is accepted. Revocations are kept for as long: a token
 * that lived longer would be accepted again after its revocation was dropped.
 */
export const ACCESS_TOKEN_SECONDS = 15 * 60;

/** The issuer and the audience that tokens must have. */
export interface ExpectedParties {
  issuer: string;
  audience: string;
}

/**
 * Validates the claims of an access token whose signature has been verified (RFC 9068, 4). Unknown claims are left out.
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
    client_id: claims.text('client_id'),
    tenant_id: claims.uuid('tenant_id'),
    tenant_subdomain: claims.text('tenant_subdomain'),
    user_role: claims.oneOf('user_role', ROLES),
    permissions: claims.knownOf('permissions', PERMISSIONS),
    plan_type: claims.oneOf('plan_type', PLANS),
    session_id: claims.uuid('session_id'),
    amr: claims.knownOf('amr', AUTHENTICATION_METHODS),
    acr: claims.oneOf('acr', ASSURANCE_LEVELS),
    auth_time: claims.past('auth_time', now),
    ...(claims.has('device_id') && { device_id: claims.text('device_id') }),
  };
}
