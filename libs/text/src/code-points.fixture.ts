const NORMAL_FORMS = ['NFC', 'NFD', 'NFKC', 'NFKD'];

/** The other forms of a character: its cases and its normal forms. */
export function formsOf(character: string): string[] {
  const forms = [
    character.toUpperCase(),
    character.toLowerCase(),
    character.toUpperCase().toLowerCase(),
    character.toLowerCase().toUpperCase(),
    ...NORMAL_FORMS.map((form) => character.normalize(form)),
  ];
  return [...new Set(forms)].filter((form) => form !== character);
}

/** Between them are only characters without other forms (Han, Tangut), surrogates and Hangul, whose syllables are alike. */
const RANGES = [
  [0x0, 0x33ff],
  [0xa000, 0xac1c],
  [0xf900, 0x16fff],
  [0x18d00, 0x1ffff],
  [0x2f800, 0x2fa1d],
  [0xe0000, 0xe01ef],
] as const;

/** The characters of Unicode that have other forms. */
export const CHARACTERS_WITH_FORMS: readonly string[] = RANGES.flatMap(([from, to]) =>
  Array.from({ length: to - from + 1 }, (_, index) => String.fromCodePoint(from + index)),
).filter((character) => formsOf(character).length > 0);
