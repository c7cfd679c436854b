/** All characters from one code point to another. */
export function codePoints(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String.fromCodePoint(from + index));
}

/**
 * Capitals of Unicode 16 and 17, and their small letters in the same order. PostgreSQL 15 has the tables of Unicode 14, or those of the
 * system that it runs on, so lower() knows them on some versions only. A test names those that are missing.
 */
const NEWER_PAIRS: readonly (readonly [capital: number, small: number, length: number])[] = [
  [0x1c89, 0x1c8a, 1],
  [0xa7cb, 0x264, 1],
  [0xa7cc, 0xa7cd, 1],
  [0xa7ce, 0xa7cf, 1],
  [0xa7d2, 0xa7d3, 1],
  [0xa7d4, 0xa7d5, 1],
  [0xa7da, 0xa7db, 1],
  [0xa7dc, 0x19b, 1],
  [0x10d50, 0x10d70, 22],
  [0x16ea0, 0x16ebb, 25],
];

export const NEWER_CAPITALS = NEWER_PAIRS.flatMap(([capital, , length]) =>
  codePoints(capital, capital + length - 1),
).join('');

export const NEWER_SMALL_LETTERS = NEWER_PAIRS.flatMap(([, small, length]) =>
  codePoints(small, small + length - 1),
).join('');
