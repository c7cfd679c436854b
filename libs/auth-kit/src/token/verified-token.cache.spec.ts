import { describe, expect, it } from 'vitest';
import { genuineClaims } from '../../test/token-forge.js';
import { VerifiedTokenCache } from './verified-token.cache.js';

const verifiedUntil = (exp: number) => ({ claims: { ...genuineClaims(), exp }, kid: 'key' });

describe('VerifiedTokenCache', () => {
  it('returns the claims of a token until the second in which it expires', () => {
    const memory = new VerifiedTokenCache();
    const verified = verifiedUntil(100);
    memory.set('token', verified, 50);
    expect(memory.get('token', 99)).toBe(verified);
    expect(memory.get('token', 100)).toBeUndefined();
    expect(memory.size).toBe(0);
  });

  it('returns nothing for a token that differs in one character', () => {
    const memory = new VerifiedTokenCache();
    memory.set('token', verifiedUntil(100), 50);
    expect(memory.get('tokeN', 50)).toBeUndefined();
  });

  it('evicts the oldest token above its capacity', () => {
    const memory = new VerifiedTokenCache(2);
    for (const token of ['first', 'second', 'third']) memory.set(token, verifiedUntil(100), 50);
    expect(memory.size).toBe(2);
    expect(memory.get('first', 50)).toBeUndefined();
    expect(memory.get('third', 50)).toBeDefined();
  });

  it('removes expired tokens below its capacity', () => {
    const memory = new VerifiedTokenCache();
    memory.set('first', verifiedUntil(60), 50);
    memory.set('second', verifiedUntil(60), 50);
    memory.set('third', verifiedUntil(100), 70);
    expect(memory.size).toBe(1);
  });
});
