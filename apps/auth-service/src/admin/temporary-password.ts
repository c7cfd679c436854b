import { randomInt } from 'node:crypto';

/** Without letters and digits that look alike: it is read out and typed. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';

/** Twenty characters of 31: 99 bits, which no policy of strength refuses. */
const GROUPS = 4;
const GROUP_LENGTH = 5;

/** A password for somebody's first log-in, such as `k7wqd-3mzhp-x9rta-e4vbn`. */
export function temporaryPassword(): string {
  const group = (): string =>
    Array.from({ length: GROUP_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}
