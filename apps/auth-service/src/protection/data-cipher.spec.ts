import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DataKey } from '../config/data-keys.js';
import { DataCipher, UndecryptableDataError } from './data-cipher.js';

const newKey = (id: string): DataKey => ({ id, key: createSecretKey(randomBytes(32)) });

const cipherOf = (...dataKeys: DataKey[]) => new DataCipher({ dataKeys });

const first = newKey('2026-11');
const CONTEXT = 'user_factors.secret:tenant:user:factor';
const secret = Buffer.from('twenty bytes of seed');

describe('DataCipher', () => {
  it('returns what it encrypted, also nothing and a text of many bytes', () => {
    const cipher = cipherOf(first);
    for (const plaintext of [secret, Buffer.alloc(0), randomBytes(10_000)]) {
      expect(cipher.decrypt(cipher.encrypt(plaintext, CONTEXT), CONTEXT)).toEqual(plaintext);
    }
  });

  it('encrypts the same text differently each time, and shows none of it', () => {
    const cipher = cipherOf(first);
    const stored = cipher.encrypt(secret, CONTEXT);
    expect(cipher.encrypt(secret, CONTEXT)).not.toEqual(stored);
    expect(stored.includes(secret)).toBe(false);
  });

  it('encrypts with the first key and decrypts with every key', () => {
    const old = cipherOf(first).encrypt(secret, CONTEXT);
    const next = newKey('next');
    const rotated = cipherOf(next, first);
    expect(rotated.decrypt(old, CONTEXT)).toEqual(secret);
    expect(rotated.keyIdOf(old)).toBe('2026-11');
    expect(rotated.keyIdOf(rotated.encrypt(secret, CONTEXT))).toBe('next');
    expect(rotated.currentKeyId).toBe('next');
  });

  it('refuses a value that was copied to another row', () => {
    const cipher = cipherOf(first);
    const stored = cipher.encrypt(secret, CONTEXT);
    expect(() => cipher.decrypt(stored, `${CONTEXT}2`)).toThrow(UndecryptableDataError);
  });

  it('refuses a value of which any bit was changed', () => {
    const cipher = cipherOf(first);
    const stored = cipher.encrypt(secret, CONTEXT);
    for (let bit = 0; bit < stored.length * 8; bit += 1) {
      const altered = Buffer.from(stored);
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => cipher.decrypt(altered, CONTEXT)).toThrow(UndecryptableDataError);
    }
  });

  it('refuses a value that was cut at any byte', () => {
    const cipher = cipherOf(first);
    const stored = cipher.encrypt(secret, CONTEXT);
    for (let length = 0; length < stored.length; length += 1) {
      expect(() => cipher.decrypt(stored.subarray(0, length), CONTEXT)).toThrow(
        UndecryptableDataError,
      );
    }
  });

  it('refuses a value of another key with the same id', () => {
    const stored = cipherOf(newKey('2026-11')).encrypt(secret, CONTEXT);
    expect(() => cipherOf(first).decrypt(stored, CONTEXT)).toThrow('key 2026-11 was altered');
  });

  it('names the id of a key that it does not have, and nothing of the value', () => {
    const stored = cipherOf(newKey('lost')).encrypt(secret, CONTEXT);
    expect(() => cipherOf(first).decrypt(stored, CONTEXT)).toThrow(
      'A value is encrypted with the key lost, not in DATA_KEYS.',
    );
  });
});
