/**
 * Symbols, letters and marks that have no shape of their own, although Unicode does not call them ignorable: the blank
 * Braille pattern, the blanks of Egyptian hieroglyphs, the Khitan filler, the null notehead and the object placeholder.
 */
const BLANK = '\\u{16FE4}\\u2800\\u{13441}\\u{13442}\\u{1D159}\\uFFFC';

/**
 * Characters that no text may contain as they are: control characters, invisible characters, characters that change the
 * writing direction, line and paragraph separators, and code points without a meaning that all systems share.
 */
export const FORBIDDEN = `\\p{C}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}${BLANK}`;

const FORBIDDEN_CHARACTER = new RegExp(`[${FORBIDDEN}]`, 'u');

/** Punctuation counts: it can be seen. A combining mark alone does not, and neither does a space. */
export const VISIBLE = `(?![${FORBIDDEN}])[\\p{L}\\p{N}\\p{S}\\p{P}]`;

const VISIBLE_CHARACTER = new RegExp(VISIBLE, 'u');

export function hasForbiddenCharacter(text: string): boolean {
  return FORBIDDEN_CHARACTER.test(text);
}

export function hasVisibleCharacter(text: string): boolean {
  return VISIBLE_CHARACTER.test(text);
}

/** Code points, as PostgreSQL counts the length of a text. */
export function lengthOf(text: string): number {
  return [...text].length;
}
