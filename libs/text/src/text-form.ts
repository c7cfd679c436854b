import { hasForbiddenCharacter, hasVisibleCharacter, lengthOf } from './characters.js';
import { type CheckedText, FORBIDDEN_CHARACTER_REFUSAL } from './checked-text.js';

/** Letters, marks and emoji: what a joiner may stand between. ASCII digits are emoji to Unicode, for keycaps. */
const JOINED = String.raw`(?:[\p{L}\p{M}]|(?!\p{ASCII})\p{Emoji})`;

/** Joiners shape words in Persian and in Indic scripts, and combine emoji. */
const JOINER = new RegExp(String.raw`(?<=${JOINED})[\u200C\u200D](?=${JOINED})`, 'gu');

/** An emoji chooses between its colored and its plain shape; a keycap is a digit, a selector and a mark. */
const EMOJI_SELECTOR = /(?<=(?!\p{ASCII})\p{Emoji})[\uFE0E\uFE0F]|(?<=[0-9#*])\uFE0F(?=\u20E3)/gu;

/** The flags of England, Scotland and Wales. Tags could hide a text behind any other emoji. */
const TAGGED_FLAG =
  /(?<=\u{1F3F4})\u{E0067}\u{E0062}(?:\u{E0065}\u{E006E}\u{E0067}|\u{E0073}\u{E0063}\u{E0074}|\u{E0077}\u{E006C}\u{E0073})\u{E007F}/gu;

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
