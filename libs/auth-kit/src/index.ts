export { ACCESS_TOKEN_SECONDS } from './access-token.claims.js';
export { AccessTokenVerifier } from './access-token.verifier.js';
export { ApiErrorFilter } from './api-error.filter.js';
export { AuthKitModule, type AuthKitOptions, type StandingsProvider } from './auth-kit.module.js';
export type { AuthRequest } from './auth-request.js';
export { ClaimReader } from './claim-reader.js';
export { HttpStandingSource } from './http-standing.source.js';
export { httpStandings } from './http-standings.js';
export type { ActiveToken, IntrospectionResponse } from './introspection.js';
export { type IssuerClient, isSafeIssuer } from './issuer-client.js';
export { connectToIssuer, DEFAULT_PARTIES, type IssuerOptions } from './issuer-connection.js';
export { asInvalidToken } from './invalid-token.js';
export { JwksKeySource, type JwksOptions } from './jwks.key-source.js';
export { JwtAuthGuard } from './jwt-auth.guard.js';
export { keyId, KeyRing, type PublishedKey } from './key-ring.js';
export { PolicyGuard } from './policy.guard.js';
export { CurrentTenant, CurrentUser } from './principal.decorators.js';
export { type Principal, toSessionClaims } from './principal.js';
export { Moment } from './moment.js';
export { HttpFeedCarrier } from './http-feed.carrier.js';
export { readEventTuples, toEventTuples } from './revocation-event.js';
export { formatRevocationLine, type RevocationLine } from './revocation-line.js';
export type {
  FeedCarrier,
  FeedListener,
  RevocationEvent,
  RevocationKind,
} from './revocation-feed.js';
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
} from './route-policy.js';
export type { CurrentRights, SessionClaims, Standing, StandingSource } from './session-standing.js';
export { MAX_AGE_MS, SessionStandings, type SessionStandingsOptions } from './session-standings.js';
export { readStrictHeader } from './strict-jwt.js';
