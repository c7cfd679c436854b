/**
 * Minimum length in code points, unless the tenant requires more (NIST SP 800-63B-4, 3.1.1.2: 8 beside a second factor, 15 for
 * a password that is the only one).
 */
export const MIN_PASSWORD_LENGTH = 8;

/** The highest minimum that a tenant can require. NIST SP 800-63B-4 asks that a password of 64 characters can be set. */
export const MAX_MIN_PASSWORD_LENGTH = 64;

/** Maximum length in code points: enough for any passphrase, and a limit on the cost of hashing. */
export const MAX_PASSWORD_LENGTH = 256;

/**
 * Maximum length in UTF-16 units before normalization: decomposed text is at most four times as
 * long as its normal form.
 */
const MAX_RAW_LENGTH = 4 * MAX_PASSWORD_LENGTH;

/**
 * Maximum length in UTF-16 units of a password in a log-in request. It is well above the longest password that can be
 * set, so that a log-in answers only "invalid credentials", and it limits the cost of normalization.
 */
export const MAX_PRESENTED_PASSWORD = MAX_RAW_LENGTH;

/** Lone surrogates have no UTF-8 form, so all of them would have the same hash. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The form in which a password is measured, checked and hashed: NFKC (NIST SP 800-63B-4, 3.1.1.2),
 * so that accents are equal whichever keyboard composed them. Spaces and case are kept.
 */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}

/**
 * The normal form with its case folded, for comparisons that ignore case.
 */
export function foldPassword(password: string): string {
  return normalizePassword(password).toLowerCase();
}

/** Length of the normal form in code points, as a user counts characters. */
export function passwordLength(password: string): number {
  return [...normalizePassword(password)].length;
}

/**
 * False for text that cannot be a password, so that it is neither normalized nor hashed.
 */
export function canBePassword(password: string): boolean {
  return (
    password.length <= MAX_RAW_LENGTH &&
    !LONE_SURROGATE.test(password) &&
    passwordLength(password) <= MAX_PASSWORD_LENGTH
  );
}
