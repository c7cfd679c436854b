import { domainToUnicode } from 'node:url';
import { foldCase } from './case-folding.js';
import { hasForbiddenCharacter } from './characters.js';
import { type CheckedText, FORBIDDEN_CHARACTER_REFUSAL } from './checked-text.js';
import { normalizeDomain } from './domain-name.js';

/** RFC 5321, 4.5.3.1: a path has 256 octets, two of which are its angle brackets. */
export const MAX_EMAIL_OCTETS = 254;
const MAX_LOCAL_PART_OCTETS = 64;

/** One atom of a local part (RFC 6531, 3.3), of letters and digits of any script. A mark needs a letter to stand on. */
const ATOM = String.raw`(?!\p{M})[\p{L}\p{M}\p{N}!#$%&'*+/=?^_\x60{|}~-]+`;

const LOCAL_PART = new RegExp(String.raw`^${ATOM}(?:\.${ATOM})*$`, 'u');

const NOT_AN_ADDRESS = { refusal: 'must be an email address such as ana@acme.example' };

/**
 * The stored form of an email address: trimmed, its local part in NFC and lower case, its domain in lower case and ASCII.
 * It is the address to show and to write to. Two addresses that differ only in the way that a letter is written, such as
 * ß and ss, are one account nevertheless: the database compares them by their key (email_key), which is folded.
 *
 * Quoted local parts are refused, because `"ana"@acme.example` and `ana@acme.example` are one mailbox, and so are
 * characters that cannot be seen, which would make two accounts look like one.
 */
export function checkEmail(input: string): CheckedText {
  const address = input.trim();
  if (hasForbiddenCharacter(address)) return FORBIDDEN_CHARACTER_REFUSAL;
  const at = address.lastIndexOf('@');
  const localPart = lowerCase(address.slice(0, Math.max(0, at)));
  if (/\s|\.$/.test(address) || !isLocalPart(localPart)) return NOT_AN_ADDRESS;
  const domain = normalizeDomain(address.slice(at + 1));
  if (domain?.includes('.') !== true) return NOT_AN_ADDRESS;
  const email = `${localPart}@${domain}`;
  const isShort =
    Buffer.byteLength(localPart) <= MAX_LOCAL_PART_OCTETS &&
    Buffer.byteLength(email) <= MAX_EMAIL_OCTETS;
  if (!isShort) {
    return {
      refusal: `must have at most ${MAX_EMAIL_OCTETS} bytes, and at most ${MAX_LOCAL_PART_OCTETS} before the @`,
    };
  }
  return { text: email };
}

/** The lower case of a letter with an accent may be two characters. */
function lowerCase(text: string): string {
  return text.normalize('NFC').toLowerCase().normalize('NFC');
}

/** Its folded form counts as well: a ligature could hide a character that is refused. */
function isLocalPart(text: string): boolean {
  return LOCAL_PART.test(text) && LOCAL_PART.test(foldCase(text));
}

/** The start of an address, as the start of the key of an address (email_key). */
export function emailSearchKey(start: string): string {
  const { localPart, domain } = split(start);
  // The domain may be incomplete: "acme." is the start of many.
  const stored = domain.endsWith('.') ? null : normalizeDomain(domain);
  return foldCase(localPart) + (stored ?? foldCase(domain));
}

/** The same with the domain in its Unicode form, of which any beginning finds an address (unicode_email_key). */
export function unicodeEmailSearchKey(start: string): string {
  const { localPart, domain } = split(start);
  const labels = domain.split(/[.\u3002\uFF0E\uFF61]/u);
  return foldCase(
    localPart +
      labels
        .map((label) => (/^xn--/i.test(label) ? domainToUnicode(label) || label : label))
        .join('.'),
  );
}

/** @returns the local part with its @, if there is one. Joiners, which are part of a search, are part of no address. */
function split(start: string): { localPart: string; domain: string } {
  const visible = start.replace(/\p{Default_Ignorable_Code_Point}/gu, '');
  const at = visible.lastIndexOf('@') + 1;
  if (at === 0) return { localPart: visible, domain: '' };
  return { localPart: visible.slice(0, at), domain: visible.slice(at) };
}
