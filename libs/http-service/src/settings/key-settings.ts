import { DEFAULT_PARTIES } from '@poc-tracker/auth-kit';
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { EnvironmentReader } from './environment-reader.js';

/** NIST SP 800-131A: RSA below 2048 bits must not sign. */
const MIN_RSA_BITS = 2048;

/** Whose tokens are made or accepted, and for whom they are meant. */
export function readParties(reader: EnvironmentReader): { issuer: string; audience: string } {
  const { issuer, audience } = DEFAULT_PARTIES;
  return {
    issuer: reader.text('JWT_ISSUER', issuer, /\S/, 'must not be blank.'),
    audience: reader.text('JWT_AUDIENCE', audience, /\S/, 'must not be blank.'),
  };
}

/**
 * The PEM blocks of JWT_PUBLIC_KEY, none when it is not set. Keys of earlier rotations stay in it until the tokens that
 * they signed have expired.
 */
export function readPublicKeys(reader: EnvironmentReader): KeyObject[] {
  const bundle = reader.secret('JWT_PUBLIC_KEY');
  if (bundle === undefined) return [];
  const blocks = bundle.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [bundle];
  return blocks.flatMap((pem) => readKey(reader, 'JWT_PUBLIC_KEY', pem, createPublicKey) ?? []);
}

/** An RSA key out of PEM text. What is wrong is noted with the reader, and nothing is given. */
export function readKey(
  reader: EnvironmentReader,
  variable: string,
  pem: string | undefined,
  parse: (pem: string) => KeyObject,
): KeyObject | undefined {
  const example = `(a file made by "npm run keys:generate", named in ${variable}_FILE)`;
  if (pem === undefined) {
    reader.refuse(variable, 'is missing.', example);
    return undefined;
  }
  try {
    const key = parse(pem);
    const bits =
      key.asymmetricKeyType === 'rsa' ? key.asymmetricKeyDetails?.modulusLength : undefined;
    if ((bits ?? 0) >= MIN_RSA_BITS) return key;
    reader.refuse(variable, `must be an RSA key of at least ${MIN_RSA_BITS} bits.`, example);
  } catch {
    reader.refuse(variable, 'is no key in PEM form.', example);
  }
  return undefined;
}
