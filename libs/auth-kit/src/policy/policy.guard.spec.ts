import { Reflector } from '@nestjs/core';
import {
  effectiveFeatures,
  effectivePermissions,
  type Permission,
  type Role,
} from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { contextOf, requestWith } from '../../test/requests.js';
import { genuineClaims, TENANT } from '../../test/token-forge.js';
import { PolicyGuard } from './policy.guard.js';
import { type Principal, toPrincipal } from './principal.js';
import {
  Authenticated,
  OperatorsOnly,
  Permissions,
  Public,
  RequireFeature,
  Roles,
  WritesOwnAccount,
  WritesWhenReadOnly,
} from './route-policy.js';
import { RoutePolicyReader } from './route-policy.reader.js';

class Routes {
  @Public()
  open(): void {}

  @Authenticated()
  signedIn(): void {}

  @Roles('manager', 'admin')
  managers(): void {}

  @Permissions('manage_users')
  manageUsers(): void {}

  @Permissions('manage_users', 'view_usage')
  both(): void {}

  @RequireFeature('video_generation')
  video(): void {}

  @Roles('admin')
  @Permissions('manage_users')
  @RequireFeature('api_access', 'advanced_analytics')
  everything(): void {}

  @OperatorsOnly()
  operate(): void {}

  @Authenticated()
  @WritesWhenReadOnly()
  leave(): void {}

  @Authenticated()
  @WritesOwnAccount()
  ownAccount(): void {}

  unstated(): void {}
}

type Route = Exclude<keyof Routes, 'constructor'>;

function authorize(route: Route, caller?: Principal, method = 'GET'): boolean {
  const guard = new PolicyGuard(new RoutePolicyReader(new Reflector()));
  const request = { ...requestWith(), method, ...(caller && { principal: caller }) };
  return guard.canActivate(contextOf(request, Routes.prototype[route]));
}

function principal(role: Role, granted: Permission[] = [], tenant = TENANT): Principal {
  const permissions = effectivePermissions(role, granted);
  return toPrincipal(genuineClaims(), { role, permissions, factors: [], factorDue: null, tenant });
}

const insufficient = (...required: string[]) =>
  expect.objectContaining({ code: 'INSUFFICIENT_PERMISSIONS', status: 403, details: { required } });

describe('PolicyGuard', () => {
  it('refuses a route without a policy, even for an admin', () => {
    expect(() => authorize('unstated', principal('admin'))).toThrow(insufficient());
  });

  it('allows a public route without a principal', () => {
    expect(authorize('open')).toBe(true);
  });

  it.each(['signedIn', 'managers', 'manageUsers', 'video'] as const)(
    'refuses %s with AUTH_REQUIRED when the request has no principal',
    (route) => {
      expect(() => authorize(route)).toThrow(expect.objectContaining({ code: 'AUTH_REQUIRED' }));
    },
  );

  it.each<[Route, Role, boolean]>([
    ['signedIn', 'viewer', true],
    ['managers', 'viewer', false],
    ['managers', 'user', false],
    ['managers', 'manager', true],
    ['managers', 'admin', true],
    ['manageUsers', 'viewer', false],
    ['manageUsers', 'user', false],
    ['manageUsers', 'manager', true],
    ['manageUsers', 'admin', true],
  ])('decides on the route %s for the role %s: allowed %s', (route, role, allowed) => {
    if (allowed) expect(authorize(route, principal(role))).toBe(true);
    else
      expect(() => authorize(route, principal(role))).toThrow(
        expect.objectContaining({ status: 403 }),
      );
  });

  it('names the required roles and permissions in the details', () => {
    expect(() => authorize('managers', principal('user'))).toThrow(
      insufficient('manager', 'admin'),
    );
    expect(() => authorize('both', principal('user'))).toThrow(
      insufficient('manage_users', 'view_usage'),
    );
  });

  it('accepts a permission granted in addition to the role, and requires all of several permissions', () => {
    expect(authorize('manageUsers', principal('viewer', ['manage_users']))).toBe(true);
    expect(() => authorize('both', principal('viewer', ['manage_users']))).toThrow(
      insufficient('manage_users', 'view_usage'),
    );
  });

  it('allows an admin everything without granted permissions', () => {
    expect(principal('admin').permissions).toEqual(effectivePermissions('admin', []));
    expect(authorize('both', principal('admin'))).toBe(true);
  });

  it('names the missing feature and the plans that include it', () => {
    expect(() => authorize('video', principal('admin'))).toThrow(
      expect.objectContaining({
        code: 'FEATURE_NOT_AVAILABLE',
        status: 403,
        details: { feature: 'video_generation', availableIn: ['pro', 'enterprise'] },
      }),
    );
  });

  it('uses the current features of the tenant instead of those of its plan', () => {
    const granted = { ...TENANT, features: effectiveFeatures('basic', { video_generation: true }) };
    const taken = {
      ...TENANT,
      plan: 'pro' as const,
      features: effectiveFeatures('pro', { video_generation: false }),
    };
    expect(authorize('video', principal('viewer', [], granted))).toBe(true);
    expect(() => authorize('video', principal('admin', [], taken))).toThrow(
      expect.objectContaining({ code: 'FEATURE_NOT_AVAILABLE' }),
    );
  });

  it('allows an operator route only for admins of the platform tenant', () => {
    const platform = { ...TENANT, isPlatform: true };
    expect(authorize('operate', principal('admin', [], platform))).toBe(true);
    for (const other of [principal('manager', [], platform), principal('admin')])
      expect(() => authorize('operate', other)).toThrow(insufficient('operator'));
  });

  it('allows changes in the platform tenant on routes with @WritesOwnAccount() only, and reading on every route', () => {
    const operator = principal('admin', [], { ...TENANT, isPlatform: true });
    for (const route of ['manageUsers', 'signedIn', 'leave'] as const) {
      expect(authorize(route, operator)).toBe(true);
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
        expect(() => authorize(route, operator, method)).toThrow(
          expect.objectContaining({ status: 403, details: { reason: 'platform_tenant' } }),
        );
    }
    expect(authorize('ownAccount', operator, 'PUT')).toBe(true);
  });

  describe('after the subscription has ended', () => {
    const ended = { ...TENANT, subscriptionEndsAt: new Date(Date.now() - 1).toISOString() };
    const refused = expect.objectContaining({ code: 'SUBSCRIPTION_ENDED', status: 403 });

    it.each(['GET', 'HEAD', 'OPTIONS'])('allows %s', (method) => {
      expect(authorize('signedIn', principal('user', [], ended), method)).toBe(true);
    });

    it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY'])('refuses %s', (method) => {
      expect(() => authorize('signedIn', principal('admin', [], ended), method)).toThrow(refused);
    });

    it('allows a change on a route with @WritesWhenReadOnly()', () => {
      expect(authorize('leave', principal('user', [], ended), 'DELETE')).toBe(true);
    });

    it('allows changes until then', () => {
      const running = {
        ...TENANT,
        subscriptionEndsAt: new Date(Date.now() + 60_000).toISOString(),
      };
      expect(authorize('signedIn', principal('user', [], running), 'POST')).toBe(true);
    });
  });

  it('checks roles first, then permissions, then features', () => {
    const { features } = { features: effectiveFeatures('pro', {}) };
    expect(() =>
      authorize('everything', principal('manager', [], { ...TENANT, features })),
    ).toThrow(insufficient('admin'));
    expect(() => authorize('everything', principal('admin', [], { ...TENANT, features }))).toThrow(
      expect.objectContaining({
        details: { feature: 'advanced_analytics', availableIn: ['enterprise'] },
      }),
    );
  });
});
