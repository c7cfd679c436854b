// The module, and how an application connects to the issuer.
export { ApiErrorFilter } from './api-error.filter.js';
export { AuthKitModule, type AuthKitOptions } from './auth-kit.module.js';
export { connectToIssuer, DEFAULT_PARTIES, type IssuerOptions } from './issuer-connection.js';
export { type IssuerClient, isSafeIssuer } from './issuer/issuer-client.js';

// policy: who may call a route, and the principal of a request.
export type { AuthRequest } from './policy/auth-request.js';
export { JwtAuthGuard } from './policy/jwt-auth.guard.js';
export { PolicyGuard } from './policy/policy.guard.js';
export { currentPrincipal } from './policy/current-principal.js';
export { CurrentTenant, CurrentUser } from './policy/principal.decorators.js';
export { PrincipalFinder } from './policy/principal-finder.js';
export {
  assertFresh,
  assertSecondFactor,
  type StepUpDetails,
  stepUpChallenge,
} from './policy/fresh-auth.js';
export { type Authentication, type Principal, toSessionClaims } from './policy/principal.js';
export {
  AllowedBeforeEnrollment,
  Authenticated,
  OperatorsOnly,
  Permissions,
  Public,
  RequireFeature,
  RequireFreshAuth,
  Roles,
  ROUTE_POLICY,
  type RoutePolicy,
  WritesOwnAccount,
  WritesWhenReadOnly,
} from './policy/route-policy.js';
export { SAFE_METHODS } from './policy/safe-methods.js';

// token: verification of access tokens, and their keys.
export { ACCESS_TOKEN_SECONDS } from './token/access-token.claims.js';
export { AccessTokenVerifier } from './token/access-token.verifier.js';
export { ClaimReader } from './token/claim-reader.js';
export { asInvalidToken } from './token/invalid-token.js';
export { JwksKeySource, type JwksOptions } from './token/jwks.key-source.js';
export { keyId, KeyRing, type PublishedKey } from './token/key-ring.js';
export { readStrictHeader } from './token/strict-jwt.js';

// session-status: whether a session is active, and the rights of its user.
export { HttpSessionStatusSource } from './session-status/http-session-status.source.js';
export { httpSessionStatus } from './session-status/http-session-status.js';
export type { ActiveToken, IntrospectionResponse } from './session-status/introspection.js';
export type { SessionStatusProvider } from './session-status/session-status.provider.js';
export {
  SessionStatusService,
  type SessionStatusOptions,
} from './session-status/session-status.service.js';
export type {
  CurrentRights,
  FactorDue,
  SessionClaims,
  SessionStatus,
  SessionStatusSource,
} from './session-status/session-status.js';

// revocation: the feed of revocation events.
export { readEventTuples, toEventTuples } from './revocation/event-tuple.js';
export { MAX_AGE_MS } from './revocation/feed-freshness.js';
export { HttpFeedTransport } from './revocation/http-feed.transport.js';
export type {
  FeedSubscriber,
  FeedTransport,
  RevocationEvent,
  RevocationKind,
} from './revocation/revocation-feed.js';
export { formatStreamMessage, type StreamMessage } from './revocation/stream-message.js';
export { Timestamp } from './revocation/timestamp.js';
