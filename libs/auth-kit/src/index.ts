export { ACCESS_TOKEN_SECONDS } from './access-token.claims.js';
export { AccessTokenVerifier } from './access-token.verifier.js';
export { AuthKitModule, type AuthKitOptions } from './auth-kit.module.js';
export { ClaimReader } from './claim-reader.js';
export { asInvalidToken } from './invalid-token.js';
export { JwtAuthGuard } from './jwt-auth.guard.js';
export { keyId, KeyRing, type PublishedKey } from './key-ring.js';
export { PolicyGuard } from './policy.guard.js';
export { CurrentTenant, CurrentUser } from './principal.decorators.js';
export type { Principal } from './principal.js';
export { type CurrentRights, RevocationFeed } from './revocation.feed.js';
export {
  Authenticated,
  Permissions,
  Public,
  RequireFeature,
  Roles,
  ROUTE_POLICY,
  type RoutePolicy,
} from './route-policy.js';
export { readStrictHeader } from './strict-jwt.js';
