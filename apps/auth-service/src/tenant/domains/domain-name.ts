import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

const MAX_DOMAIN_LENGTH = 253;

const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** domainToASCII parses the host of a URL: it would read an address, a port or a path as part of it. */
const OTHER_URL_PARTS = /[\s/?#@:[\]\\%]/;

/** Names with a special meaning on each machine or network (RFC 6761, RFC 6762, RFC 9476). */
const LOCAL_NAMES = ['localhost', 'local', 'internal', 'intranet', 'lan', 'home', 'arpa', 'onion'];

/**
 * Second-level labels under which a country registers names for others, such as com.br. No tenant can prove to own one of these
 * in the DNS; this check gives the error earlier.
 */
const PUBLIC_SECOND_LEVELS =
  'ac adv app blog co com dev edu eco gob gov gub ind inf jus leg mil med net nom or org';

const COUNTRY = /^[a-z]{2}$/;

/**
 * The form in which domains are stored and compared: lower case, punycode, without a dot at the end.
 * @returns null if the text is not the name of a domain
 */
export function normalizeDomain(text: string): string | null {
  const name = text.trim().replace(/\.$/, '');
  if (OTHER_URL_PARTS.test(name)) return null;
  const domain = domainToASCII(name).toLowerCase();
  const labels = domain.split('.');
  const isName = domain !== '' && domain.length <= MAX_DOMAIN_LENGTH;
  if (!isName || !labels.every((label) => LABEL.test(label))) return null;
  return isIP(domain) !== 0 || /^[0-9]+$/.test(labels.at(-1) ?? '') ? null : domain;
}

/** A normalized domain, or the reason why a tenant cannot own it. */
export type CheckedDomain = { domain: string } | { refusal: string };

/** Checks a domain that a tenant wants to use as its own. */
export function checkDomain(text: string, baseDomain: string): CheckedDomain {
  const domain = normalizeDomain(text);
  if (domain === null) return { refusal: 'must be a domain name such as login.acme.com.br' };
  const labels = domain.split('.');
  if (LOCAL_NAMES.includes(labels.at(-1) ?? ''))
    return { refusal: 'must be a domain of the public DNS' };
  if (labels.length < 2 || isPublicSuffix(labels))
    return { refusal: 'must be a domain of your own, not a public suffix' };
  if (domain === baseDomain || domain.endsWith(`.${baseDomain}`))
    return { refusal: 'must be a domain of your own, not of this service' };
  return { domain };
}

function isPublicSuffix(labels: readonly string[]): boolean {
  const [second = '', country = ''] = labels;
  return (
    labels.length === 2 && COUNTRY.test(country) && PUBLIC_SECOND_LEVELS.split(' ').includes(second)
  );
}
