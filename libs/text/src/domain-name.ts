import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { hasForbiddenCharacter } from './characters.js';

const MAX_DOMAIN_LENGTH = 253;

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** domainToASCII parses the host of a URL: it would read an address, a port or a path as part of it. */
const OTHER_URL_PARTS = /[\s/?#@:[\]\\%]/;

/**
 * The form in which domains are stored and compared: lower case, punycode (UTS #46), without a dot at the end.
 * @returns null if the text is not the name of a domain
 */
export function normalizeDomain(text: string): string | null {
  const name = text.trim().replace(/\.$/, '');
  // domainToASCII drops invisible characters.
  if (OTHER_URL_PARTS.test(name) || hasForbiddenCharacter(name)) return null;
  const domain = domainToASCII(name).toLowerCase();
  const labels = domain.split('.');
  const isName = domain !== '' && domain.length <= MAX_DOMAIN_LENGTH;
  if (!isName || !labels.every((label) => LABEL.test(label))) return null;
  return isIP(domain) !== 0 || /^[0-9]+$/.test(labels.at(-1) ?? '') ? null : domain;
}
