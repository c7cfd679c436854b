import { type Locale, LOCALES } from '@poc-tracker/contracts';
import Negotiator from 'negotiator';

/** A language without its country means the one that the product has. */
const LOCALE_OF_LANGUAGE: Readonly<Record<string, Locale>> = {
  ...Object.fromEntries(LOCALES.map((locale) => [locale, locale])),
  pt: 'pt-BR',
  'pt-PT': 'pt-BR',
  en: 'en-US',
  'en-GB': 'en-US',
};

const LANGUAGES = Object.keys(LOCALE_OF_LANGUAGE);

/** Longer than browsers send. To choose among its languages takes longer the more it has. */
const MAX_LENGTH = 200;

/**
 * The best of the product's languages for an Accept-Language header (RFC 9110, 12.5.4).
 * @returns undefined without a header, and for one that accepts none of them
 */
export function acceptedLocale(header: string | undefined): Locale | undefined {
  if (header === undefined || header === '') return undefined;
  const accepted = new Negotiator({ headers: { 'accept-language': header.slice(0, MAX_LENGTH) } });
  return LOCALE_OF_LANGUAGE[accepted.language(LANGUAGES) ?? ''];
}
