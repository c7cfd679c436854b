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
 * The one form of an email address: trimmed, its local part folded (see foldCase), its domain in lower case and ASCII.
 * It is the account's name, and it is where mail goes: never to the address as typed, which could be another mailbox.
 *
 * Quoted local parts are refused, because `"ana"@acme.example` and `ana@acme.example` are one mailbox, and so are
 * characters that cannot be seen, which would make two accounts look like one.
 */
export function checkEmail(input: string): CheckedText {
  const address = input.trim();
  if (hasForbiddenCharacter(address)) return FORBIDDEN_CHARACTER_REFUSAL;
  const at = address.lastIndexOf('@');
  const localPart = foldCase(address.slice(0, Math.max(0, at)));
  if (/\s|\.$/.test(address) || !LOCAL_PART.test(localPart)) return NOT_AN_ADDRESS;
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

/** The start of an address, as the start of an address in its stored form. */
export function emailSearchKey(start: string): string {
  const at = start.lastIndexOf('@') + 1;
  const domain = start.slice(at);
  // A dot at the end is the start of another label here, and not the end of a domain.
  const stored = at === 0 || domain.endsWith('.') ? null : normalizeDomain(domain);
  return foldCase(start.slice(0, at)) + (stored ?? foldCase(domain));
}
