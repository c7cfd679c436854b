import { randomIntegers } from './random-numbers.js';

/** Characters of every kind that a rule of texts tells apart: plain, joining, invisible, blank, forbidden. */
export const TEXT_PIECES: readonly string[] = [
  ...['a', 'Z', '7', ' ', '.', '@', '-', '#', '!', '\u20ac', '\u00bd', '\u0660'],
  ...['\u00e9', 'e\u0301', '\u0301', '\u0931', '\u094d', '\u0645', '\u4e2d'],
  ...['\u200c', '\u200d', '\ufe0e', '\ufe0f', '\u20e3'],
  ...['\u{1f468}', '\u2764', '\u{1f3fd}', '\u{1f3f4}'],
  ...['\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}', '\u{e0067}', '\u{e007f}'],
  ...['\n', '\t', '\r', '\u00a0', '\u3000', '\u2028', '\u0085'],
  ...['\u200b', '\u202e', '\u2066', '\u00ad', '\ufeff', '\u034f', '\u180b'],
  ...['\u2800', '\u115f', '\u1160', '\u3164', '\uffa0', '\ufffc', '\ue000', '\ufdd0'],
];

/** Texts of one to seven pieces, the same in each run. */
export function randomTexts(count: number, pieces: readonly string[] = TEXT_PIECES): string[] {
  const next = randomIntegers(20_261_129);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + next(7) }, () => pieces[next(pieces.length)]).join(''),
  );
}
