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

  unstated(): void {}
}

type Route = Exclude<keyof Routes, 'constructor'>;

function ask(route: Route, principal?: Principal, method = 'GET'): boolean {
  const guard = new PolicyGuard(new RoutePolicyReader(new Reflector()));
  const request = { ...requestWith(), method, ...(principal && { principal }) };
  return guard.canActivate(contextOf(request, Routes.prototype[route]));
}

function person(role: Role, granted: Permission[] = [], tenant = TENANT): Principal {
  const permissions = effectivePermissions(role, granted);
  return toPrincipal(genuineClaims(), { role, permissions, tenant });
}

const insufficient = (...required: string[]) =>
  expect.objectContaining({ code: 'INSUFFICIENT_PERMISSIONS', status: 403, details: { required } });

describe('PolicyGuard', () => {
  it('refuses a route that states no policy, even for an admin', () => {
    expect(() => ask('unstated', person('admin'))).toThrow(insufficient());
  });

  it('opens a public route to nobody in particular', () => {
    expect(ask('open')).toBe(true);
  });

  it.each(['signedIn', 'managers', 'manageUsers', 'video'] as const)(
    'refuses %s when no guard before it has found out who asks',
    (route) => {
      expect(() => ask(route)).toThrow(expect.objectContaining({ code: 'AUTH_REQUIRED' }));
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
  ])('answers %s for a %s with %s', (route, role, allowed) => {
    if (allowed) expect(ask(route, person(role))).toBe(true);
    else expect(() => ask(route, person(role))).toThrow(expect.objectContaining({ status: 403 }));
  });

  it('names the roles and the permissions that are required', () => {
    expect(() => ask('managers', person('user'))).toThrow(insufficient('manager', 'admin'));
    expect(() => ask('both', person('user'))).toThrow(insufficient('manage_users', 'view_usage'));
  });

  it('lets a person use a permission that was granted to them alone, and asks for all of several', () => {
    expect(ask('manageUsers', person('viewer', ['manage_users']))).toBe(true);
    expect(() => ask('both', person('viewer', ['manage_users']))).toThrow(
      insufficient('manage_users', 'view_usage'),
    );
  });

  it('gives an admin every permission without any granted', () => {
    expect(person('admin').permissions).toEqual(effectivePermissions('admin', []));
    expect(ask('both', person('admin'))).toBe(true);
  });

  it('names the missing feature and the plans that have it', () => {
    expect(() => ask('video', person('admin'))).toThrow(
      expect.objectContaining({
        code: 'FEATURE_NOT_AVAILABLE',
        status: 403,
        details: { feature: 'video_generation', plans: ['pro', 'enterprise'] },
      }),
    );
  });

  it('goes by the features that the tenant has now, on whatever plan', () => {
    const granted = { ...TENANT, features: effectiveFeatures('basic', { video_generation: true }) };
    const taken = {
      ...TENANT,
      plan: 'pro' as const,
      features: effectiveFeatures('pro', { video_generation: false }),
    };
    expect(ask('video', person('viewer', [], granted))).toBe(true);
    expect(() => ask('video', person('admin', [], taken))).toThrow(
      expect.objectContaining({ code: 'FEATURE_NOT_AVAILABLE' }),
    );
  });

  it('opens an operator route to the admins of the reserved tenant alone', () => {
    const platform = { ...TENANT, isPlatform: true };
    expect(ask('operate', person('admin', [], platform))).toBe(true);
    for (const stranger of [person('manager', [], platform), person('admin')])
      expect(() => ask('operate', stranger)).toThrow(insufficient('operator'));
  });

  describe('after the end of the subscription', () => {
    const ended = { ...TENANT, subscriptionEndsAt: new Date(Date.now() - 1).toISOString() };
    const refused = expect.objectContaining({ code: 'SUBSCRIPTION_ENDED', status: 403 });

    it.each(['GET', 'HEAD', 'OPTIONS'])('lets %s read', (method) => {
      expect(ask('signedIn', person('user', [], ended), method)).toBe(true);
    });

    it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY'])('refuses %s', (method) => {
      expect(() => ask('signedIn', person('admin', [], ended), method)).toThrow(refused);
    });

    it('lets a route write that says so', () => {
      expect(ask('leave', person('user', [], ended), 'DELETE')).toBe(true);
    });

    it('comes not before the end', () => {
      const running = {
        ...TENANT,
        subscriptionEndsAt: new Date(Date.now() + 60_000).toISOString(),
      };
      expect(ask('signedIn', person('user', [], running), 'POST')).toBe(true);
    });
  });

  it('asks for roles before permissions and for features last', () => {
    const { features } = { features: effectiveFeatures('pro', {}) };
    expect(() => ask('everything', person('manager', [], { ...TENANT, features }))).toThrow(
      insufficient('admin'),
    );
    expect(() => ask('everything', person('admin', [], { ...TENANT, features }))).toThrow(
      expect.objectContaining({
        details: { feature: 'advanced_analytics', plans: ['enterprise'] },
      }),
    );
  });
});
