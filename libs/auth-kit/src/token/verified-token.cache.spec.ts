import { describe, expect, it } from 'vitest';
import { genuineClaims } from '../../test/token-forge.js';
import { VerifiedTokenCache } from './verified-token.cache.js';

const claimsUntil = (exp: number) => ({ ...genuineClaims(), exp });

describe('VerifiedTokenCache', () => {
  it('recalls the claims of a token until the very second of its expiry', () => {
    const memory = new VerifiedTokenCache();
    const claims = claimsUntil(100);
    memory.remember('token', claims, 50);
    expect(memory.recall('token', 99)).toBe(claims);
    expect(memory.recall('token', 100)).toBeUndefined();
    expect(memory.size).toBe(0);
  });

  it('recalls nothing for a text that differs in one sign', () => {
    const memory = new VerifiedTokenCache();
    memory.remember('token', claimsUntil(100), 50);
    expect(memory.recall('tokeN', 50)).toBeUndefined();
  });

  it('never holds more tokens than its capacity, and lets go of the oldest', () => {
    const memory = new VerifiedTokenCache(2);
    for (const token of ['first', 'second', 'third']) memory.remember(token, claimsUntil(100), 50);
    expect(memory.size).toBe(2);
    expect(memory.recall('first', 50)).toBeUndefined();
    expect(memory.recall('third', 50)).toBeDefined();
  });

  it('lets go of expired tokens although there is room', () => {
    const memory = new VerifiedTokenCache();
    memory.remember('first', claimsUntil(60), 50);
    memory.remember('second', claimsUntil(60), 50);
    memory.remember('third', claimsUntil(100), 70);
    expect(memory.size).toBe(1);
  });
});
