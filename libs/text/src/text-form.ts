import {
  FORBIDDEN,
  hasForbiddenCharacter,
  hasVisibleCharacter,
  lengthOf,
  VISIBLE,
} from './characters.js';
import { type CheckedText, FORBIDDEN_CHARACTER_REFUSAL } from './checked-text.js';

/** ASCII digits are emoji to Unicode, for keycaps. */
const EMOJI = String.raw`(?!\p{ASCII})\p{Emoji}`;

/** Letters, marks and emoji: what a joiner may stand between. */
const JOINED = String.raw`[\p{L}\p{M}]|${EMOJI}`;

const JOINERS = String.raw`[\u200C\u200D]`;

/** Joiners shape words in Persian and in Indic scripts, and combine emoji. */
const JOINER = new RegExp(`(?<=${JOINED})${JOINERS}(?=${JOINED})`, 'gu');

/** A keycap is a digit, a selector and a mark. */
const KEYCAP_SELECTOR = String.raw`(?<=[0-9#*])\uFE0F(?=\u20E3)`;

/** An emoji chooses between its colored and its plain shape. */
const EMOJI_SELECTOR = new RegExp(String.raw`(?<=${EMOJI})[\uFE0E\uFE0F]|${KEYCAP_SELECTOR}`, 'gu');

/** The tags of the flags of England, Scotland and Wales. Tags could hide a text behind any other emoji. */
const FLAG_TAGS =
  String.raw`(?<=\u{1F3F4})\u{E0067}\u{E0062}(?:\u{E0065}\u{E006E}\u{E0067}|` +
  String.raw`\u{E0073}\u{E0063}\u{E0074}|\u{E0077}\u{E006C}\u{E0073})\u{E007F}`;

const TAGGED_FLAG = new RegExp(FLAG_TAGS, 'gu');

/**
 * The rule of {@link checkLine} without its length, as the pattern of a JSON Schema (ECMA-262 with the flag u), for
 * a text in NFC. It does not admit line breaks and tabs at the ends of a text, which are trimmed.
 */
export const LINE_PATTERN =
  String.raw`^(?=.*${VISIBLE})(?!\s*\p{M})(?:[^${FORBIDDEN}]|${FLAG_TAGS}|(?<=${EMOJI}|\u{E007F})[\uFE0E\uFE0F]|${KEYCAP_SELECTOR}|` +
  String.raw`(?<=${JOINED}|[\uFE0E\uFE0F\u{E007F}])${JOINERS}(?=${JOINED}))*$`;

/**
 * One line of text, trimmed and in Unicode's form NFC, of 1 to `max` characters.
 *
 * Two texts that look the same are stored the same, a name can be seen, and nothing in it changes how the text around it
 * reads. A line break could forge a mail header or a line of an export.
 */
export function checkLine(input: string, max: number): CheckedText {
  const text = input.normalize('NFC').trim();
  return text === '' ? NOTHING_VISIBLE : checkCharacters(text, text, max);
}

/** Text of several lines: the rule of a line, and also line breaks (`\n`) and tabs. It may be empty. */
export function checkText(input: string, max: number): CheckedText {
  const text = input.normalize('NFC').replaceAll('\r\n', '\n').trim();
  return text === '' ? { text } : checkCharacters(text, text.replace(/[\n\t]/g, ' '), max);
}

const LEADING_MARK = { refusal: 'must not start with a combining mark' };

const NOTHING_VISIBLE = { refusal: 'must contain a visible character' };

/** @param characters the text without what this kind of text may contain in addition */
function checkCharacters(text: string, characters: string, max: number): CheckedText {
  // Selectors and tags first: they may stand between an emoji and a joiner.
  const plain = characters.replace(TAGGED_FLAG, '').replace(EMOJI_SELECTOR, '').replace(JOINER, '');
  if (hasForbiddenCharacter(plain)) return FORBIDDEN_CHARACTER_REFUSAL;
  if (!hasVisibleCharacter(plain)) return NOTHING_VISIBLE;
  // It would combine with what stands before the text, such as a quotation mark or a first name.
  if (/^\p{M}/u.test(text)) return LEADING_MARK;
  if (lengthOf(text) > max) return { refusal: `must have at most ${max} characters` };
  return { text };
}
