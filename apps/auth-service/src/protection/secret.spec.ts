import { describe, expect, it } from 'vitest';
import { hashOfSecret, matchesSecret, newSecret, randomSecretBytes } from './secret.js';

describe('a random secret', () => {
  it('has 256 bits and is different each time', () => {
    expect(randomSecretBytes()).toHaveLength(32);
    expect(Buffer.from(newSecret(), 'base64url')).toHaveLength(32);
    expect(newSecret()).not.toBe(newSecret());
  });

  it('matches its own hash and no other', () => {
    const secret = newSecret();
    expect(matchesSecret(secret, hashOfSecret(secret))).toBe(true);
    expect(matchesSecret(secret, hashOfSecret(newSecret()))).toBe(false);
  });

  it('is hashed with SHA-256 over its whole text, so that tokens with a long common prefix differ', () => {
    const shared = 'a'.repeat(400);
    expect(hashOfSecret(`${shared}1`)).toHaveLength(32);
    expect(hashOfSecret(`${shared}1`).equals(hashOfSecret(`${shared}2`))).toBe(false);
  });
});
