import { randomInt } from 'node:crypto';

/** Without letters and digits that look alike: the password is read out and typed. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';

/**
 * Twenty characters of 31: 99 random bits, more than any password that a user chooses. A tenant's minimum length is for those:
 * it holds for the password that replaces this one.
 */
const GROUPS = 4;
const GROUP_LENGTH = 5;

/** A generated password for a user's first log-in, such as `k7wqd-3mzhp-x9rta-e4vbn`. */
export function temporaryPassword(): string {
  const group = (): string =>
    Array.from({ length: GROUP_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}
