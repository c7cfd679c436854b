import type { Locale } from '@poc-tracker/contracts';
import { acceptedLocale } from '@poc-tracker/http-service';
import * as english from '@zxcvbn-ts/language-en';
import * as portuguese from '@zxcvbn-ts/language-pt-br';
import { MAX_PASSWORD_LENGTH } from './password-text.js';
import { PORTUGUESE } from './password-texts.pt-br.js';

/** Why a password was refused, for clients that show their own text. */
export type PasswordRefusal =
  'too_long' | 'too_short' | 'personal' | 'breached' | 'weak' | 'reused';

/** The language of the other texts of the API. */
const DEFAULT_LOCALE: Locale = 'en-US';

/** The sentences continue the name of the field. `{count}` is the number that the refusal is about. */
const MESSAGES: Readonly<Record<Locale, Record<PasswordRefusal, string>>> = {
  'en-US': {
    too_long: `must be text of at most ${MAX_PASSWORD_LENGTH} characters.`,
    too_short: 'must have at least {count} characters.',
    personal:
      "must not contain your name, your email address, the product's name, or the tenant's name, domain or words.",
    reused: 'must differ from your former passwords.',
    breached: 'is on a list of breached passwords. Choose another one.',
    weak: 'is too easy to guess.',
  },
  'pt-BR': PORTUGUESE,
};

const ZXCVBN_TEXTS: Readonly<Record<Locale, typeof english.translations>> = {
  'en-US': english.translations,
  'pt-BR': portuguese.translations,
};

/** What zxcvbn says about a weak password, by the names of its texts. */
export interface StrengthFeedback {
  warning: string | undefined;
  suggestions: readonly string[];
}

/**
 * The best language of an Accept-Language header (RFC 9110, 12.5.4), otherwise that of the user.
 * @param header as the client sent it
 * @param user undefined if unknown
 */
export function feedbackLocale(header: string | undefined, user: Locale | undefined): Locale {
  return acceptedLocale(header) ?? user ?? DEFAULT_LOCALE;
}

/** Why a password was refused, as the rest of a sentence that begins with the name of the field. */
export function refusalMessage(reason: PasswordRefusal, locale: Locale, count?: number): string {
  return MESSAGES[locale][reason].replace('{count}', String(count));
}

/** What zxcvbn says, as sentences. A name without a text is left out: the packages of the languages may differ. */
export function strengthSentences(
  { warning, suggestions }: StrengthFeedback,
  locale: Locale,
): { warning: string | undefined; suggestions: string[] } {
  const texts = ZXCVBN_TEXTS[locale];
  const warnings: Readonly<Record<string, string>> = texts.warnings;
  const advice: Readonly<Record<string, string>> = texts.suggestions;
  return {
    warning: warning === undefined ? undefined : warnings[warning],
    suggestions: suggestions.flatMap((name) => advice[name] ?? []),
  };
}
