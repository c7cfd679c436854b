import { describe, expect, it } from 'vitest';
import { Slots } from './slots.js';

const slotsOf = (limits: { total?: number; user?: number; tenant?: number } = {}) =>
  new Slots({
    total: limits.total ?? 100,
    each: { user: limits.user ?? 100, tenant: limits.tenant ?? 100 },
    retryAfter: 7,
  });

const holders = (tenant: string, user: string) => ({ tenant, user: `${tenant}/${user}` });

const refusal = (code: string) => expect.objectContaining({ code, retryAfter: 7 });

describe('Slots', () => {
  it('refuse a user or a tenant beyond its limit, and accept others', () => {
    const slots = slotsOf({ user: 2, tenant: 3 });
    slots.take(holders('a', '1'));
    slots.take(holders('a', '1'));
    expect(() => slots.take(holders('a', '1'))).toThrow(refusal('RATE_LIMIT_EXCEEDED'));
    slots.take(holders('a', '2'));
    expect(() => slots.take(holders('a', '3'))).toThrow(refusal('RATE_LIMIT_EXCEEDED'));
    expect(() => slots.take(holders('b', '1'))).not.toThrow();
  });

  it('refuse everyone when the process has none left', () => {
    const slots = slotsOf({ total: 2 });
    slots.take(holders('a', '1'));
    slots.take(holders('b', '1'));
    expect(() => slots.take(holders('c', '1'))).toThrow(refusal('SERVICE_BUSY'));
  });

  it('free each slot once, and take none when they refuse', () => {
    const slots = slotsOf({ user: 1, tenant: 2 });
    const free = slots.take(holders('a', '1'));
    for (let attempt = 0; attempt < 5; attempt += 1)
      expect(() => slots.take(holders('a', '1'))).toThrow(refusal('RATE_LIMIT_EXCEEDED'));
    slots.take(holders('a', '2'));
    free();
    free();
    slots.take(holders('a', '1'));
    expect(() => slots.take(holders('a', '3'))).toThrow(refusal('RATE_LIMIT_EXCEEDED'));
  });

  it('do not confuse a user with a tenant of the same id', () => {
    const slots = slotsOf({ user: 1, tenant: 1 });
    slots.take({ tenant: 'x', user: 'y' });
    expect(() => slots.take({ tenant: 'y', user: 'x' })).not.toThrow();
  });
});
