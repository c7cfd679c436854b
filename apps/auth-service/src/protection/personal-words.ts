/** What a tenant's settings require of a new password. */
export interface PasswordRules {
  /** Minimum length in code points. */
  passwordMinLength: number;
}

/** The user and tenant of a password. It must not contain their names. */
export interface PasswordContext {
  rules: PasswordRules;
  tenant: { name: string; subdomain: string };
  email: string;
  firstName?: string | null | undefined;
  lastName?: string | null | undefined;
}

const PRODUCT_NAME = 'POC Tracker';

/** Shorter words occur in strong passwords by chance. */
const MIN_WORD_LENGTH = 4;

const SEPARATORS = /[^\p{L}\p{N}]+/gu;

/**
 * True if the password contains the product's name, the tenant's name or subdomain, the local part
 * of the email address, or one of the user's names (OWASP ASVS 5.0, 6.1.2 and 6.2.11). Case,
 * accents and the separators within a name are ignored.
 */
export function containsPersonalWord(password: string, context: PasswordContext): boolean {
  const text = fold(password);
  const bareText = bare(text);
  return personalWords(context).some((word) => {
    const bareWord = bare(word);
    if (bareWord.length < MIN_WORD_LENGTH) return false;
    return text.includes(word) || (bareWord !== word && bareText.includes(bareWord));
  });
}

/**
 * The names and the parts of compound names, folded, as an attacker would try them.
 */
export function personalWords({ tenant, email, firstName, lastName }: PasswordContext): string[] {
  const names = [firstName, lastName];
  const localPart = email.slice(0, Math.max(0, email.lastIndexOf('@')));
  const wholes = [
    PRODUCT_NAME,
    tenant.name,
    tenant.subdomain,
    localPart,
    localPart.split('+')[0],
    ...names,
  ];
  const nameParts = names.flatMap((name) => name?.split(SEPARATORS));
  return [...new Set([...wholes, ...nameParts].map((word) => fold(word ?? '').trim()))].filter(
    (word) => word !== '',
  );
}

function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
}

function bare(text: string): string {
  return text.replace(SEPARATORS, '');
}
