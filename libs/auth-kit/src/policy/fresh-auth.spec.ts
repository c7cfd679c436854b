import { Reflector } from '@nestjs/core';
import { type AuthenticationMethod, ERROR_CATALOGUE } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { contextOf, requestWith } from '../../test/requests.js';
import { genuineClaims, now, TENANT } from '../../test/token-forge.js';
import type { CurrentRights } from '../session-status/session-status.js';
import { stepUpChallenge } from './fresh-auth.js';
import { PolicyGuard } from './policy.guard.js';
import { type Principal, toPrincipal } from './principal.js';
import {
  AllowedBeforeEnrollment,
  Authenticated,
  OperatorsOnly,
  Public,
  RequireFreshAuth,
  Roles,
  ROUTE_POLICY,
} from './route-policy.js';
import { RoutePolicyReader } from './route-policy.reader.js';

class Routes {
  @Authenticated()
  plain(): void {}

  @RequireFreshAuth({ minutes: 10 })
  @Authenticated()
  fresh(): void {}

  @Roles('admin')
  @RequireFreshAuth({ minutes: 10, factor: true })
  freshFactor(): void {}

  @OperatorsOnly()
  @RequireFreshAuth({ minutes: 10 })
  operate(): void {}

  @AllowedBeforeEnrollment()
  @Authenticated()
  enroll(): void {}

  @RequireFreshAuth({ minutes: 10 })
  unstated(): void {}
}

interface Caller {
  methods?: AuthenticationMethod[];
  minutesAgo?: number;
  rights?: Partial<CurrentRights>;
}

function callerOf({ methods = ['pwd'], minutesAgo = 0, rights = {} }: Caller): Principal {
  const claims = { ...genuineClaims(), amr: methods, auth_time: now() - minutesAgo * 60 };
  const base = { role: 'admin', permissions: [], factors: [], factorDue: null, tenant: TENANT };
  return toPrincipal(claims, { ...base, ...rights } as CurrentRights);
}

function call(route: Exclude<keyof Routes, 'constructor'>, caller: Caller): boolean {
  const request = { ...requestWith(), method: 'POST', principal: callerOf(caller) };
  const guard = new PolicyGuard(new RoutePolicyReader(new Reflector()));
  return guard.canActivate(contextOf(request, Routes.prototype[route]));
}

const stepUp = (details: object) =>
  expect.objectContaining({ code: 'STEP_UP_REQUIRED', status: 401, details });

const platform = { tenant: { ...TENANT, isPlatform: true } };

describe('@RequireFreshAuth()', () => {
  it('accepts a proof of the last minutes and asks for another one after them', () => {
    expect(call('fresh', { minutesAgo: 9 })).toBe(true);
    expect(() => call('fresh', { minutesAgo: 11 })).toThrow(
      stepUp({ maxAgeMinutes: 10, factor: false, methods: ['password'] }),
    );
  });

  it('asks a user who has a factor for the factor, however recent the password is', () => {
    const rights = { factors: ['totp'] as const };
    expect(() => call('freshFactor', { rights })).toThrow(
      stepUp({ maxAgeMinutes: 10, factor: true, methods: ['totp', 'recoveryCode'] }),
    );
    expect(call('freshFactor', { rights, methods: ['pwd', 'otp', 'mfa'] })).toBe(true);
    expect(() =>
      call('freshFactor', { rights, methods: ['pwd', 'otp', 'mfa'], minutesAgo: 11 }),
    ).toThrow(stepUp({ maxAgeMinutes: 10, factor: true, methods: ['totp', 'recoveryCode'] }));
    expect(call('fresh', { rights })).toBe(true);
  });

  it('does not take a remembered device for a factor', () => {
    const rights = { factors: ['passkey'] as const };
    expect(() => call('freshFactor', { rights, methods: ['pwd', 'device'] })).toThrow(
      stepUp({ maxAgeMinutes: 10, factor: true, methods: ['passkey', 'recoveryCode'] }),
    );
  });

  it('is satisfied by the password where the user has no factor', () => {
    expect(call('freshFactor', {})).toBe(true);
  });

  it('applies to operators, and asks only those who may call the route', () => {
    expect(() => call('operate', { minutesAgo: 11, rights: platform })).toThrow(
      stepUp({ maxAgeMinutes: 10, factor: false, methods: ['password'] }),
    );
    expect(() => call('operate', { minutesAgo: 11 })).toThrow(
      expect.objectContaining({ code: 'INSUFFICIENT_PERMISSIONS' }),
    );
  });

  it('is no policy: a route with nothing else is refused', () => {
    expect(() => call('unstated', {})).toThrow(
      expect.objectContaining({ code: 'INSUFFICIENT_PERMISSIONS' }),
    );
  });

  it('is part of the policy of its route in any order, and contradicts @Public()', () => {
    const policyOf = (route: 'fresh' | 'freshFactor') =>
      Reflect.getMetadata(ROUTE_POLICY, Routes.prototype[route]) as object;
    expect(policyOf('fresh')).toEqual({
      access: 'authenticated',
      fresh: { minutes: 10, factor: false },
    });
    expect(policyOf('freshFactor')).toEqual({
      access: 'authenticated',
      roles: ['admin'],
      fresh: { minutes: 10, factor: true },
    });
    const decorate = (...decorators: MethodDecorator[]) => {
      const descriptor = { value: () => undefined };
      for (const decorator of decorators) decorator({}, 'route', descriptor);
    };
    const fresh = RequireFreshAuth({ minutes: 10 });
    expect(() => decorate(fresh, Public())).toThrow('has another policy as well');
    expect(() => decorate(Public(), fresh)).toThrow('has another policy as well');
    expect(() => decorate(fresh, fresh)).toThrow('declares its fresh twice');
  });
});

describe('a session that lacks the second factor of its tenant', () => {
  it('may only enroll one', () => {
    const rights = { factorDue: 'enrollment' as const };
    for (const route of ['plain', 'fresh'] as const)
      expect(() => call(route, { rights })).toThrow(
        expect.objectContaining({
          code: 'FACTOR_ENROLLMENT_REQUIRED',
          status: 403,
          details: { factors: ['totp', 'passkey'] },
        }),
      );
    expect(() => call('operate', { rights: { ...rights, ...platform } })).toThrow(
      expect.objectContaining({ code: 'FACTOR_ENROLLMENT_REQUIRED' }),
    );
    expect(call('enroll', { rights })).toBe(true);
  });

  it('proves the factor that its user has', () => {
    const rights = { factorDue: 'verification' as const, factors: ['totp'] as const };
    expect(() => call('plain', { rights })).toThrow(
      stepUp({ maxAgeMinutes: null, factor: true, methods: ['totp', 'recoveryCode'] }),
    );
    expect(call('enroll', { rights })).toBe(true);
  });

  it('is refused while nothing is known of the second factor', () => {
    const rights = { factorDue: undefined as never };
    expect(() => call('plain', { rights })).toThrow(
      expect.objectContaining({ code: 'STEP_UP_REQUIRED' }),
    );
  });
});

describe('stepUpChallenge', () => {
  it('says in the header of RFC 9470 what is asked', () => {
    const described = `error="insufficient_user_authentication", error_description="${ERROR_CATALOGUE.STEP_UP_REQUIRED.message}"`;
    const asked = { methods: ['totp' as const] };
    expect(stepUpChallenge({ ...asked, maxAgeMinutes: 10, factor: true })).toBe(
      `${described}, max_age="600", acr_values="aal2"`,
    );
    expect(stepUpChallenge({ ...asked, maxAgeMinutes: null, factor: false })).toBe(described);
  });
});
