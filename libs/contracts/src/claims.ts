import type { Permission } from './permissions.js';
import type { Plan } from './plans/plans.js';
import type { Role } from './roles.js';

/** The `typ` header of an access token (RFC 9068). */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** The `typ` header of a refresh token, so that neither is accepted as the other (RFC 8725, 3.11). */
export const REFRESH_TOKEN_TYPE = 'rt+jwt';

/** The `client_id` of the tokens that users get by logging in: the web and mobile apps of the product itself. */
export const FIRST_PARTY_CLIENT_ID = 'poc-tracker';

/**
 * How a user has proved their identity, the values of `amr`: those of RFC 8176, and three for which it has none. `otp` is a code
 * of an authenticator app, `hwk` and `swk` are passkeys, and `mfa` is added when two different factors were proved. `email` is
 * a code or link by mail, `recovery` a recovery code, and `device` a remembered device in place of the second factor.
 */
export const AUTHENTICATION_METHODS = [
  'pwd',
  'otp',
  'hwk',
  'swk',
  'user',
  'mfa',
  'email',
  'recovery',
  'device',
] as const;

export type AuthenticationMethod = (typeof AUTHENTICATION_METHODS)[number];

/** The assurance levels of NIST SP 800-63B that a session can have, as values of `acr`. */
export const ASSURANCE_LEVELS = ['aal1', 'aal2'] as const;

export type AssuranceLevel = (typeof ASSURANCE_LEVELS)[number];

/** Knowledge, or control of a mailbox; and possession. */
const FIRST_FACTORS: readonly AuthenticationMethod[] = ['pwd', 'user', 'email'];
const SECOND_FACTORS: readonly AuthenticationMethod[] = ['otp', 'hwk', 'swk', 'recovery'];

/** The methods of several proofs in one session, with `mfa` if they are of two different factors (RFC 8176). */
export function combineMethods(
  ...proofs: readonly (readonly AuthenticationMethod[])[]
): AuthenticationMethod[] {
  const methods = new Set(proofs.flat());
  const has = (factors: readonly AuthenticationMethod[]) => factors.some((one) => methods.has(one));
  if (has(FIRST_FACTORS) && has(SECOND_FACTORS)) methods.add('mfa');
  return AUTHENTICATION_METHODS.filter((method) => methods.has(method));
}

/** What a sensitive change asks for: a proof of identity that is recent, with the second factor of a user who has one. */
export const RECENT_PROOF = { minutes: 15, factor: true } as const;

/** Two factors are `aal2`. A remembered device is no factor: it stays `aal1`. */
export function assuranceLevel(methods: readonly AuthenticationMethod[]): AssuranceLevel {
  return methods.includes('mfa') ? 'aal2' : 'aal1';
}

/** Claims of an access token: RS256, 15 minutes. Times are seconds since the epoch (RFC 7519). */
export interface AccessTokenClaims {
  sub: string;
  iss: string;
  aud: string;
  exp: number;
  iat: number;
  jti: string;
  /** The client that the token was issued to (RFC 9068, 2.2). */
  client_id: string;
  tenant_id: string;
  tenant_subdomain: string;
  user_role: Role;
  permissions: Permission[];
  plan_type: Plan;
  session_id: string;
  /** How the user has authenticated in this session (RFC 9068, 2.2.1; RFC 8176). */
  amr: AuthenticationMethod[];
  acr: AssuranceLevel;
  /** When the user last authenticated in this session, at the log-in or by a step-up. */
  auth_time: number;
  device_id?: string;
}

/** Claims of a refresh token: HS256 with its own secret, 7 days unless the session ends before. */
export interface RefreshTokenClaims {
  sub: string;
  tenant_id: string;
  session_id: string;
  type: 'refresh';
  /** Counts the rotations of the session. An older generation is a replay. */
  generation: number;
  /** 256 random bits, base64url, so that the token cannot be guessed even if the secret leaks. */
  jti: string;
  iat: number;
  exp: number;
}
