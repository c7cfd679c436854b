export { ACCESS_TOKEN_SECONDS } from './token/access-token.claims.js';
export { AccessTokenVerifier } from './token/access-token.verifier.js';
export { ApiErrorFilter } from './api-error.filter.js';
export {
  AuthKitModule,
  type AuthKitOptions,
  type SessionStatusProvider,
} from './auth-kit.module.js';
export type { AuthRequest } from './policy/auth-request.js';
export { ClaimReader } from './token/claim-reader.js';
export { HttpSessionStatusSource } from './session-status/http-session-status.source.js';
export { httpSessionStatus } from './session-status/http-session-status.js';
export type { ActiveToken, IntrospectionResponse } from './session-status/introspection.js';
export { type IssuerClient, isSafeIssuer } from './session-status/issuer-client.js';
export { connectToIssuer, DEFAULT_PARTIES, type IssuerOptions } from './issuer-connection.js';
export { asInvalidToken } from './token/invalid-token.js';
export { JwksKeySource, type JwksOptions } from './token/jwks.key-source.js';
export { JwtAuthGuard } from './policy/jwt-auth.guard.js';
export { keyId, KeyRing, type PublishedKey } from './token/key-ring.js';
export { PolicyGuard } from './policy/policy.guard.js';
export { CurrentTenant, CurrentUser } from './policy/principal.decorators.js';
export { type Principal, toSessionClaims } from './policy/principal.js';
export { Timestamp } from './revocation/timestamp.js';
export { HttpFeedTransport } from './revocation/http-feed.transport.js';
export { readEventTuples, toEventTuples } from './revocation/event-tuple.js';
export { formatStreamMessage, type StreamMessage } from './revocation/stream-message.js';
export type {
  FeedTransport,
  FeedListener,
  RevocationEvent,
  RevocationKind,
} from './revocation/revocation-feed.js';
export {
  Authenticated,
  OperatorsOnly,
  Permissions,
  Public,
  RequireFeature,
  Roles,
  ROUTE_POLICY,
  type RoutePolicy,
  WritesWhenReadOnly,
} from './policy/route-policy.js';
export type {
  CurrentRights,
  SessionClaims,
  SessionStatus,
  SessionStatusSource,
} from './session-status/session-status.js';
export {
  MAX_AGE_MS,
  SessionStatusService,
  type SessionStatusOptions,
} from './session-status/session-status.service.js';
export { SAFE_METHODS } from './policy/safe-methods.js';
export { readStrictHeader } from './token/strict-jwt.js';
