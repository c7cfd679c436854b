/**
 * Shortest password, in code points (contract; NIST SP 800-63B-4 asks for 8 beside a second
 * factor).
 */
export const MIN_PASSWORD_LENGTH = 8;

/**
 * Longest password, in code points: room for any passphrase, and a bound on what normalising and
 * hashing cost.
 */
export const MAX_PASSWORD_LENGTH = 256;

/**
 * Longest text that is looked at at all, in UTF-16 units: a password of the permitted length grows
 * at most fourfold when it arrives decomposed.
 */
const MAX_RAW_LENGTH = 4 * MAX_PASSWORD_LENGTH;

/**
 * Longest text that a request may present as a password, in UTF-16 units. It stands well above the longest password
 * that can be set, so that a log-in never tells more than "wrong", and bounds what is normalised for one attempt.
 */
export const MAX_PRESENTED_PASSWORD = MAX_RAW_LENGTH;

/** A lone surrogate has no UTF-8 form: all of them would hash alike. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The one form in which a password is measured, judged and hashed: NFKC (NIST SP 800-63B-4,
 * 3.1.1.2), so that it is the same password whichever keyboard composed its accents. Spaces and
 * case stay.
 */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}

/**
 * The normal form with its case folded, for comparisons that must not be escaped by a capital
 * letter.
 */
export function foldPassword(password: string): string {
  return normalizePassword(password).toLowerCase();
}

/** Length in code points of the normal form: what a person counts, not what UTF-16 stores. */
export function passwordLength(password: string): number {
  return [...normalizePassword(password)].length;
}

/**
 * False for text that can be nobody's password, so that neither normalising nor hashing is spent on
 * it.
 */
export function canBePassword(password: string): boolean {
  return (
    password.length <= MAX_RAW_LENGTH &&
    !LONE_SURROGATE.test(password) &&
    passwordLength(password) <= MAX_PASSWORD_LENGTH
  );
}
