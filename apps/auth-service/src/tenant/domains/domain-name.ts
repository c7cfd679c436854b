import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

const MAX_DOMAIN_LENGTH = 253;

const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Names that mean something else on every machine or network (RFC 6761, RFC 6762, RFC 9476). */
const LOCAL_NAMES = ['localhost', 'local', 'internal', 'intranet', 'lan', 'home', 'arpa', 'onion'];

/**
 * Second-level labels under which a country registers names for others, such as com.br: nobody's
 * own domain. The proof by DNS would fail for them as well; this only says so sooner.
 */
const PUBLIC_SECOND_LEVELS =
  'ac adv app blog co com dev edu eco gob gov gub ind inf jus leg mil med net nom or org';

const COUNTRY = /^[a-z]{2}$/;

/** A domain as the DNS has it, or why it can be nobody's own. */
export type DomainVerdict = { domain: string } | { refusal: string };

/**
 * The form under which a domain is stored, compared and asked for: lower case, punycode, no dot at
 * the end.
 */
export function judgeDomain(input: string, baseDomain: string): DomainVerdict {
  const typed = input.trim().replace(/\.$/, '');
  // domainToASCII reads a URL's host: it would take an address, a port or a path for part of it.
  if (/[\s/?#@:[\]\\%]/.test(typed)) return { refusal: 'must be a domain name and nothing else' };
  const domain = domainToASCII(typed).toLowerCase();
  const labels = domain.split('.');
  if (domain === '' || domain.length > MAX_DOMAIN_LENGTH || !labels.every((l) => LABEL.test(l)))
    return { refusal: 'must be a domain name such as login.acme.com.br' };
  const top = labels.at(-1) ?? '';
  if (isIP(domain) !== 0 || /^[0-9]+$/.test(top))
    return { refusal: 'must be a name and not an address' };
  if (LOCAL_NAMES.includes(top)) return { refusal: 'must be a domain of the public DNS' };
  if (labels.length < 2 || isPublicSuffix(labels))
    return { refusal: 'must be a domain of your own, not one that everybody registers under' };
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
