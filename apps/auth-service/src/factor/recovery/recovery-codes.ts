import { randomBytes } from 'node:crypto';
import { hashOfSecret } from '../../protection/secret.js';

const RECOVERY_CODE_COUNT = 10;

/** Crockford's base32: no I, L, O or U, which look like other characters or form words. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** 20 characters of five bits each: 100 bits, too many to guess, so a fast hash is enough to store them by. */
const LENGTH = 20;
const GROUP = 5;

/** A new set of codes, in groups that are easy to copy: `7K2QD-M9XWT-3HBNA-VZ84R`. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: RECOVERY_CODE_COUNT }, () => {
    // 256 is a multiple of 32, so every character is as likely as the others.
    const code = [...randomBytes(LENGTH)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
    return code.match(new RegExp(`.{${GROUP}}`, 'g'))?.join('-') ?? code;
  });
}

/** The hash by which a code is stored. Accepts what users type: any case and separators, O for 0, I and L for 1. */
export function hashOfRecoveryCode(typed: string): Buffer {
  const code = typed
    .toUpperCase()
    .replaceAll(/[\s-]/g, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1');
  return hashOfSecret(`recovery-code:${code}`);
}
