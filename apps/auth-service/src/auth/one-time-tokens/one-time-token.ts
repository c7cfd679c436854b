import { randomInt } from 'node:crypto';
import { hashOfSecret, newSecret } from '../../protection/secret.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/**
 * What a token or a code is for, and how many seconds it can be used. A code is in the mailbox of its user and on a screen,
 * so ten minutes (OWASP ASVS 6.6.3); a reset gives access to the account (OWASP Forgot Password Cheat Sheet); an undo must
 * outlast a weekend.
 */
export const LIFETIME_SECONDS = {
  verify_email: 24 * HOUR,
  reset_password: 30 * MINUTE,
  magic_link: 15 * MINUTE,
  login_code: 10 * MINUTE,
  factor_code: 10 * MINUTE,
  confirm_new_email: 24 * HOUR,
  undo_email: 72 * HOUR,
} as const satisfies Readonly<Record<string, number>>;

export type TokenPurpose = keyof typeof LIFETIME_SECONDS;

/** What is sent as a code: to log in without a password, or as the second step of a log-in. */
export type CodePurpose = 'login_code' | 'factor_code';

/** What is sent as a link: all but codes. */
export type LinkPurpose = Exclude<TokenPurpose, CodePurpose>;

/** With the version of the format. It lets a secret scanner identify a token. */
const PREFIX = 'pto1_';

const FORM = /^pto1_[A-Za-z0-9_-]{43}$/;

const CODE_DIGITS = 6;

export function newOneTimeToken(): { token: string; tokenHash: Buffer } {
  const token = PREFIX + newSecret();
  return { token, tokenHash: hashOfSecret(token) };
}

/** The hash of a well-formed token; undefined for any other text. */
export function hashOfOneTimeToken(token: string): Buffer | undefined {
  return FORM.test(token) ? hashOfSecret(token) : undefined;
}

/** A code of six digits, each of a million with the same chance. */
export function newOneTimeCode(): string {
  return String(randomInt(10 ** CODE_DIGITS)).padStart(CODE_DIGITS, '0');
}
