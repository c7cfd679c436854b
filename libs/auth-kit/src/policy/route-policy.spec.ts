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

describe('The policy decorators', () => {
  it('add up to one policy, whatever their order', () => {
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
    ['above another policy', [Public(), Roles('admin')]],
    ['below another policy', [Roles('admin'), Public()]],
    ['twice', [Public(), Public()]],
    ['above an operator route', [Public(), OperatorsOnly()]],
    ['and for operators, above', [OperatorsOnly(), Roles('admin')]],
    ['and for operators, below', [Roles('admin'), OperatorsOnly()]],
  ])('refuse a route that is open or closed to everybody %s', (_case, [upper, lower]) => {
    expect(() => decorate(upper!, lower!)).toThrow('states more than that');
  });

  it('refuse a route that states one kind twice, because one of the two would be lost', () => {
    expect(() => decorate(Roles('admin'), Roles('user'))).toThrow('states its roles twice');
  });
});

describe('RoutePolicyReader', () => {
  it('looks a handler up once', () => {
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

  it('remembers that a handler states no policy', () => {
    const reflector = new Reflector();
    const get = vi.spyOn(reflector, 'get');
    const reader = new RoutePolicyReader(reflector);
    const handler = () => undefined;
    expect(reader.of(contextOf(requestWith(), handler))).toBeUndefined();
    expect(reader.of(contextOf(requestWith(), handler))).toBeUndefined();
    expect(get).toHaveBeenCalledTimes(1);
  });
});

/** Applies two decorators to a fresh route as the compiler does: the lower one first. */
function decorate(upper: MethodDecorator, lower: MethodDecorator): void {
  const descriptor = { value: () => undefined };
  lower({}, 'route', descriptor);
  upper({}, 'route', descriptor);
}
