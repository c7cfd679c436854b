import { Reflector } from '@nestjs/core';
import { describe, expect, it, vi } from 'vitest';
import { contextOf, requestWith } from '../../test/requests.js';
import {
  Authenticated,
  OperatorsOnly,
  Permissions,
  Public,
  RequireFeature,
  ROUTE_POLICY,
  Roles,
} from './route-policy.js';
import { RoutePolicyReader } from './route-policy.reader.js';

describe('The policy decorators of a route', () => {
  it('combine into one policy in any order', () => {
    class Routes {
      @RequireFeature('api_access')
      @Authenticated()
      @Permissions('manage_users')
      @Roles('admin')
      route(): void {}
    }
    expect(Reflect.getMetadata(ROUTE_POLICY, Routes.prototype.route)).toEqual({
      access: 'authenticated',
      roles: ['admin'],
      permissions: ['manage_users'],
      features: ['api_access'],
    });
  });

  it.each([
    ['above @Roles()', [Public(), Roles('admin')]],
    ['below @Roles()', [Roles('admin'), Public()]],
    ['with itself', [Public(), Public()]],
    ['above @OperatorsOnly()', [Public(), OperatorsOnly()]],
    ['with @OperatorsOnly() above @Roles()', [OperatorsOnly(), Roles('admin')]],
    ['with @OperatorsOnly() below @Roles()', [Roles('admin'), OperatorsOnly()]],
  ])('refuse to combine policies that exclude each other: %s', (_case, [upper, lower]) => {
    expect(() => decorate(upper!, lower!)).toThrow('has another policy as well');
  });

  it('refuse the same decorator twice, because one would be lost', () => {
    expect(() => decorate(Roles('admin'), Roles('user'))).toThrow('declares its roles twice');
  });
});

describe('RoutePolicyReader', () => {
  it('reads the metadata of a handler once', () => {
    class Routes {
      @Authenticated()
      route(): void {}
    }
    const reflector = new Reflector();
    const get = vi.spyOn(reflector, 'get');
    const reader = new RoutePolicyReader(reflector);
    for (let count = 0; count < 3; count += 1) {
      expect(reader.of(contextOf(requestWith(), Routes.prototype.route))).toEqual({
        access: 'authenticated',
      });
    }
    expect(get).toHaveBeenCalledTimes(1);
  });

  it('caches that a handler has no policy', () => {
    const reflector = new Reflector();
    const get = vi.spyOn(reflector, 'get');
    const reader = new RoutePolicyReader(reflector);
    const handler = () => undefined;
    expect(reader.of(contextOf(requestWith(), handler))).toBeUndefined();
    expect(reader.of(contextOf(requestWith(), handler))).toBeUndefined();
    expect(get).toHaveBeenCalledTimes(1);
  });
});

/** Applies two decorators to a new route as the compiler does: the lower one first. */
function decorate(upper: MethodDecorator, lower: MethodDecorator): void {
  const descriptor = { value: () => undefined };
  lower({}, 'route', descriptor);
  upper({}, 'route', descriptor);
}
