import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { foreign, ring, trusted } from '../../test/token-forge.js';
import { keyId, KeyRing } from './key-ring.js';

/** The key of RFC 7638, section 3.1. */
const RFC_7638_KEY = createPublicKey({
  format: 'jwk',
  key: {
    kty: 'RSA',
    n:
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ' +
      '_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpb' +
      'ISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
    e: 'AQAB',
  },
});

describe('KeyRing', () => {
  it('computes the key id of the example in RFC 7638', () => {
    expect(keyId(RFC_7638_KEY)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });

  it('gives the private and the public key of a pair the same id', () => {
    expect(keyId(trusted.privateKey)).toBe(keyId(trusted.publicKey));
  });

  it('finds each of its keys by id, and no other key', () => {
    const rotating = new KeyRing([trusted.publicKey, foreign.publicKey]);
    expect(rotating.find(keyId(trusted.publicKey))).toBe(trusted.publicKey);
    expect(rotating.find(keyId(foreign.publicKey))).toBe(foreign.publicKey);
    expect(ring.find(keyId(foreign.publicKey))).toBeUndefined();
    expect(ring.find('toString')).toBeUndefined();
  });

  it('publishes only the public members of its keys, each with its id', () => {
    const [key, ...others] = ring.jwks().keys;
    expect(others).toEqual([]);
    expect(Object.keys(key ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect(key).toMatchObject({
      ...trusted.publicKey.export({ format: 'jwk' }),
      kid: keyId(trusted.publicKey),
      use: 'sig',
      alg: 'RS256',
    });
  });

  it.each([
    ['is empty', [], 'The key ring is empty'],
    ['holds a key of 1024 bits', [rsa(1024)], 'Key 1 of the key ring has 1024 bits'],
    [
      'holds a key with exponent 3',
      [trusted.publicKey, rsa(2048, 3)],
      'Key 2 of the key ring has the public exponent 3',
    ],
    ['holds a private key', [trusted.privateKey], 'is not a public RSA key'],
    [
      'holds an elliptic-curve key',
      [generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey],
      'is not a public RSA key',
    ],
  ])('throws when it %s', (_case, keys, message) => {
    expect(() => new KeyRing(keys)).toThrow(message);
  });
});

function rsa(modulusLength: number, publicExponent = 65_537) {
  return generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey;
}
