import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ApiError, isReadOnly } from '@poc-tracker/contracts';
import type { AuthRequest } from './auth-request.js';
import { assertFresh, assertSecondFactor } from './fresh-auth.js';
import type { Principal } from './principal.js';
import type { Requirements, RoutePolicy } from './route-policy.js';
import { RoutePolicyReader } from './route-policy.reader.js';
import { SAFE_METHODS } from './safe-methods.js';

type AuthenticatedPolicy = Extract<RoutePolicy, { access: 'authenticated' }>;

/**
 * Authorizes the request's principal by the policy of the route: the second factor that the tenant requires, then roles,
 * permissions and plan features, then how recent the proof of identity is. A route without a policy is always refused, so
 * that a missing decorator shows at the first call.
 * @throws ApiError FACTOR_ENROLLMENT_REQUIRED, STEP_UP_REQUIRED, INSUFFICIENT_PERMISSIONS (details: `required`),
 * FEATURE_NOT_AVAILABLE (details: `feature`, `availableIn`), SUBSCRIPTION_ENDED for a change in a read-only tenant. The platform
 * tenant is no customer: its users change their own account there and nothing else.
 */
@Injectable()
export class PolicyGuard implements CanActivate {
  constructor(private readonly policies: RoutePolicyReader) {}

  canActivate(context: ExecutionContext): boolean {
    const policy = this.policies.of(context);
    if (policy === undefined) throw insufficient([], new Error('The route has no policy.'));
    if (policy.access === 'public') return true;
    const { method, principal } = context.switchToHttp().getRequest<AuthRequest>();
    if (principal === undefined) throw new ApiError('AUTH_REQUIRED');
    if (policy.beforeEnrollment !== true) assertSecondFactor(principal);
    if (policy.access === 'operator') {
      if (!principal.tenant.isPlatform || principal.role !== 'admin')
        throw insufficient(['operator']);
    } else {
      assertMeets(principal, policy);
      if (!SAFE_METHODS.has(method)) assertMayChange(principal, policy);
    }
    // Last: a proof is asked only of those whom it would help.
    if (policy.fresh !== undefined) assertFresh(principal, policy.fresh);
    return true;
  }
}

/** @throws ApiError INSUFFICIENT_PERMISSIONS, FEATURE_NOT_AVAILABLE. */
export function assertMeets(
  principal: Principal,
  { roles, permissions, features = [] }: Requirements,
): void {
  if (roles && !roles.includes(principal.role)) throw insufficient(roles);
  if (
    permissions &&
    !permissions.every((permission) => principal.permissions.includes(permission))
  ) {
    throw insufficient(permissions);
  }
  const missing = features.find((feature) => !principal.tenant.features[feature]);
  if (missing !== undefined) throw ApiError.featureNotAvailable(missing);
}

function assertMayChange(
  { tenant }: Principal,
  { writesWhenReadOnly, writesOwnAccount }: AuthenticatedPolicy,
): void {
  if (tenant.isPlatform && writesOwnAccount !== true) {
    throw new ApiError('INSUFFICIENT_PERMISSIONS', {
      message:
        'The platform tenant cannot be changed. Use the routes under /platform, or the command line.',
      details: { reason: 'platform_tenant' },
    });
  }
  if (writesWhenReadOnly !== true && isReadOnly(tenant, Date.now()))
    throw new ApiError('SUBSCRIPTION_ENDED');
}

function insufficient(required: readonly string[], cause?: Error): ApiError {
  return new ApiError('INSUFFICIENT_PERMISSIONS', { details: { required }, cause });
}
