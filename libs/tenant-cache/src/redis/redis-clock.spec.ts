import { describe, expect, it } from 'vitest';
import { RedisClock } from './redis-clock.js';

const ticket = (number: number, issuer = 'redis') => ({ issuer, number });

/** A clock whose minimum for all tenants is 10. */
function startedClock(capacity?: number): RedisClock {
  const clock = new RedisClock(capacity);
  clock.receive(ticket(10), clock.epoch);
  return clock;
}

describe('RedisClock', () => {
  it('trusts nothing before it has a minimum, and then what was loaded after it', () => {
    expect(new RedisClock().trusts(ticket(99), 'acme')).toBe(false);
    const clock = startedClock();
    expect([10, 11].map((number) => clock.trusts(ticket(number), 'acme'))).toEqual([false, true]);
  });

  it('trusts no value of a changed tenant that was loaded before the ticket for the change', () => {
    const clock = startedClock();
    const change = clock.beginChange(['acme']);
    expect(clock.trusts(ticket(99), 'acme')).toBe(false);
    expect(clock.trusts(ticket(11), 'globex')).toBe(true);
    clock.receive(ticket(20), clock.epoch);
    clock.completeChange(['acme'], change, ticket(20));
    expect([20, 21].map((number) => clock.trusts(ticket(number), 'acme'))).toEqual([false, true]);
  });

  it('waits for the ticket of the latest change, not for one of an earlier change', () => {
    const clock = startedClock();
    const first = clock.beginChange(['acme']);
    const second = clock.beginChange(['acme']);
    clock.completeChange(['acme'], first, ticket(20));
    expect(clock.trusts(ticket(99), 'acme')).toBe(false);
    clock.completeChange(['acme'], second, ticket(21));
    expect(clock.trusts(ticket(22), 'acme')).toBe(true);
  });

  it('takes no ticket that was requested before a reset as the minimum after it', () => {
    const clock = startedClock();
    const { epoch } = clock;
    clock.reset();
    clock.receive(ticket(20), epoch);
    expect(clock.trusts(ticket(99), 'acme')).toBe(false);
    clock.receive(ticket(30), clock.epoch);
    expect([30, 31].map((number) => clock.trusts(ticket(number), 'acme'))).toEqual([false, true]);
  });

  it.each([
    ['another issuer', ticket(5, 'other'), ticket(6, 'other')],
    ['numbers that went back', ticket(5), ticket(6)],
  ])('starts again with %s', (_case, next, later) => {
    const clock = startedClock();
    clock.receive(ticket(50), clock.epoch);
    clock.completeChange(['acme'], clock.beginChange(['acme']), ticket(50));
    clock.receive(next, clock.epoch);
    expect(clock.trusts(next, 'acme')).toBe(false);
    expect(clock.trusts(later, 'acme')).toBe(true);
    expect(clock.trusts(ticket(60, 'third'), 'acme')).toBe(false);
  });

  it('trusts nothing when more tenants have changed than it keeps', () => {
    const clock = startedClock(2);
    clock.beginChange(['acme', 'globex', 'initech']);
    expect(clock.trusts(ticket(99), 'unknown')).toBe(false);
  });
});
