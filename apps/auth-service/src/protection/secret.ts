import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 bits: too many to guess, so a fast hash without salt is enough to store them by. */
const SECRET_BYTES = 32;

export function randomSecretBytes(): Buffer {
  return randomBytes(SECRET_BYTES);
}

/** A random secret as text that needs no escaping in a URL or a header: 43 characters. */
export function newSecret(): string {
  return randomSecretBytes().toString('base64url');
}

/**
 * SHA-256 of a random secret or of a signed token, as it is stored. Not for passwords, which can be guessed; and not
 * bcrypt, which would ignore everything after the first 72 bytes of a token.
 */
export function hashOfSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Takes the same time wherever the two differ. */
export function matchesSecret(secret: string, hash: Buffer): boolean {
  return timingSafeEqual(hashOfSecret(secret), hash);
}
