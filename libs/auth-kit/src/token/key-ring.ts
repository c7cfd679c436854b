import { createHash, type JsonWebKey, type KeyObject } from 'node:crypto';

/** NIST SP 800-131A disallows signatures with shorter RSA keys. */
const MIN_RSA_BITS = 2048;

/** A common exponent that FIPS 186-5 allows; small exponents have led to forged signatures. */
const RSA_EXPONENT = 65_537n;

/** A public key in a JWK set (RFC 7517), with only the members needed to verify signatures. */
export interface PublishedKey {
  kty: 'RSA';
  n: string;
  e: string;
  kid: string;
  use: 'sig';
  alg: 'RS256';
}

/** The id of an RSA key, private or public: its JWK thumbprint (RFC 7638; SHA-256, base64url). */
export function keyId(key: KeyObject): string {
  const { n, e } = modulusAndExponent(key);
  // The RFC hashes exactly these members, in this order and without whitespace.
  return createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url');
}

/**
 * The public keys whose signatures are accepted, by `kid`. A key that no longer signs stays in the ring until the last
 * token it signed has expired, so that key rotation logs no user out.
 */
export class KeyRing {
  private readonly keys = new Map<string, KeyObject>();
  private readonly published: PublishedKey[];

  /**
   * @throws Error if there is no key, or one is not a public RSA key with at least 2048 bits and exponent 65537.
   */
  constructor(keys: readonly KeyObject[]) {
    if (keys.length === 0) {
      throw new Error('The key ring is empty; add the public key of the issuer.');
    }
    keys.forEach((key, index) => assertStrong(key, `Key ${index + 1} of the key ring`));
    for (const key of keys) this.keys.set(keyId(key), key);
    this.published = [...this.keys].map(([kid, key]) => ({
      kty: 'RSA',
      ...modulusAndExponent(key),
      kid,
      use: 'sig',
      alg: 'RS256',
    }));
  }

  find(kid: string): KeyObject | undefined {
    return this.keys.get(kid);
  }

  /** True for every key of the ring: its keys never become outdated. */
  isCurrent(kid: string): boolean {
    return this.keys.has(kid);
  }

  /** The JWK set to publish at `/.well-known/jwks.json`. */
  jwks(): { keys: PublishedKey[] } {
    return { keys: this.published };
  }
}

/** @throws Error if the key is not a public RSA key with at least 2048 bits and exponent 65537. */
export function assertStrong(key: KeyObject, name = 'The key'): void {
  const { modulusLength = 0, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (key.type !== 'public' || key.asymmetricKeyType !== 'rsa') {
    throw new Error(
      `${name} is not a public RSA key; create a pair with "npm run keys:generate" and use its public key.`,
    );
  }
  if (modulusLength < MIN_RSA_BITS) {
    throw new Error(
      `${name} has ${modulusLength} bits; RSA keys need at least ${MIN_RSA_BITS} ("npm run keys:generate" creates one).`,
    );
  }
  if (publicExponent !== RSA_EXPONENT) {
    throw new Error(
      `${name} has the public exponent ${publicExponent}; it must be ${RSA_EXPONENT}.`,
    );
  }
}

function modulusAndExponent(key: KeyObject): { n: string; e: string } {
  const { n, e }: JsonWebKey = key.export({ format: 'jwk' });
  if (n === undefined || e === undefined) throw new Error('Only RSA keys can sign access tokens.');
  return { n, e };
}
