import type { Role } from '@poc-tracker/contracts';
import type { SessionStatus } from './session-status.js';

/** A token that is good at this moment (RFC 7662, 2.2). Times are seconds since the epoch. */
export interface ActiveToken {
  active: true;
  /** `Bearer` for an access token, `N_A` for one that opens no door by itself. */
  token_type: 'Bearer' | 'N_A';
  sub: string;
  exp: number;
  iat?: number;
  iss?: string;
  aud?: string;
  jti?: string;
  /** The effective permissions as they are now, with blanks between. */
  scope: string;
  tenant_id: string;
  session_id: string;
  user_role: Role;
  /** What an application of this library makes its decisions from. */
  standing: SessionStatus;
}

/** The answer of `POST /oauth/introspect`. What is not good is not told apart. */
export type IntrospectionResponse = { active: false } | ActiveToken;
