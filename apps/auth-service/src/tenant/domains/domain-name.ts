import { normalizeDomain } from '@poc-tracker/text';

/** Names with a special meaning on each machine or network (RFC 6761, RFC 6762, RFC 9476). */
const LOCAL_NAMES = ['localhost', 'local', 'internal', 'intranet', 'lan', 'home', 'arpa', 'onion'];

/**
 * Second-level labels under which a country registers names for others, such as com.br. No tenant can prove to own one of these
 * in the DNS; this check gives the error earlier.
 */
const PUBLIC_SECOND_LEVELS =
  'ac adv app blog co com dev edu eco gob gov gub ind inf jus leg mil med net nom or org';

const COUNTRY = /^[a-z]{2}$/;

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
