import type { Locale } from '@poc-tracker/contracts';

/** What a tenant's settings require of a new password. */
export interface PasswordRules {
  /** Minimum length in code points. */
  passwordMinLength: number;
  /** Words that a password must not contain. */
  passwordWords: readonly string[];
}

/** The user and tenant of a password. It must not contain their names. */
export interface PasswordContext {
  /** Language of a known user, in which a refusal is explained to a client that asks for none. */
  locale?: Locale | undefined;
  rules: PasswordRules;
  tenant: { name: string; subdomain: string; customDomain?: string | null };
  email: string;
  firstName?: string | null | undefined;
  lastName?: string | null | undefined;
}

const PRODUCT_NAME = 'POC Tracker';

/** Shorter words occur in strong passwords by chance. */
export const MIN_WORD_LENGTH = 4;

const SEPARATORS = /[^\p{L}\p{N}]+/gu;

/**
 * True if the password contains the product's name, the tenant's name, subdomain, domain or one of
 * its words, the local part of the email address, or one of the user's names (OWASP ASVS 5.0, 6.1.2 and 6.2.11). Case,
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
export function personalWords({
  tenant,
  rules,
  email,
  firstName,
  lastName,
}: PasswordContext): string[] {
  const names = [firstName, lastName];
  const localPart = email.slice(0, Math.max(0, email.lastIndexOf('@')));
  const wholes = [
    PRODUCT_NAME,
    tenant.name,
    tenant.subdomain,
    ...partsOfDomain(tenant.customDomain),
    ...rules.passwordWords,
    localPart,
    localPart.split('+')[0],
    ...names,
  ];
  const nameParts = names.flatMap((name) => name?.split(SEPARATORS));
  return [...new Set([...wholes, ...nameParts].map((word) => fold(word ?? '').trim()))].filter(
    (word) => word !== '',
  );
}

/** The domain and its labels but the last, which many others have as well. */
function partsOfDomain(domain: string | null | undefined): string[] {
  return domain == null ? [] : [domain, ...domain.split('.').slice(0, -1)];
}

function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
}

/** The letters and digits of a text, by which words are compared. */
export function bare(text: string): string {
  return text.replace(SEPARATORS, '');
}
