import type { AssuranceLevel, AuthenticationMethod, Role } from '@poc-tracker/contracts';
import type { SessionStatus } from './session-status.js';

/** An active token (RFC 7662, 2.2). Times are seconds since the epoch. */
export interface ActiveToken {
  active: true;
  /** `Bearer` for an access token, `N_A` for one that does not authenticate a request. */
  token_type: 'Bearer' | 'N_A';
  sub: string;
  exp: number;
  iat?: number;
  iss?: string;
  aud?: string;
  jti?: string;
  client_id?: string;
  /** How and when the user authenticated (RFC 9470, 6.2), of an access token. */
  amr?: readonly AuthenticationMethod[];
  acr?: AssuranceLevel;
  auth_time?: number;
  /** The current effective permissions, separated by spaces. */
  scope: string;
  tenant_id: string;
  session_id: string;
  user_role: Role;
  /** The session status that this library bases its decisions on. */
  session_status: SessionStatus;
}

/** The response of `POST /oauth/introspect`. It does not say why a token is not active. */
export type IntrospectionResponse = { active: false } | ActiveToken;
