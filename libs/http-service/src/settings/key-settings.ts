import { DEFAULT_PARTIES } from '@poc-tracker/auth-kit';
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { EnvironmentReader } from './environment-reader.js';

/** NIST SP 800-131A disallows signatures with shorter RSA keys. */
const MIN_RSA_BITS = 2048;

/** The issuer and the audience of tokens. */
export function readParties(reader: EnvironmentReader): { issuer: string; audience: string } {
  const { issuer, audience } = DEFAULT_PARTIES;
  return {
    issuer: reader.text('JWT_ISSUER', issuer, /\S/, 'must not be blank.'),
    audience: reader.text('JWT_AUDIENCE', audience, /\S/, 'must not be blank.'),
  };
}

/**
 * The public keys in JWT_PUBLIC_KEY, which may contain several PEM blocks; empty if it is not set. Keys of earlier rotations
 * stay in it until the tokens that they signed have expired.
 */
export function readPublicKeys(reader: EnvironmentReader): KeyObject[] {
  const bundle = reader.secret('JWT_PUBLIC_KEY');
  if (bundle === undefined) return [];
  const blocks = bundle.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [bundle];
  return blocks.flatMap((pem) => readKey(reader, 'JWT_PUBLIC_KEY', pem, createPublicKey) ?? []);
}

/** Parses an RSA key in PEM format. @returns undefined after reporting a problem to the reader. */
export function readKey(
  reader: EnvironmentReader,
  variable: string,
  pem: string | undefined,
  parse: (pem: string) => KeyObject,
): KeyObject | undefined {
  const example = `(a file created by "npm run keys:generate", named in ${variable}_FILE)`;
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
    reader.refuse(variable, 'is not a key in PEM format.', example);
  }
  return undefined;
}
