import { foldCase } from './case-folding.js';
import { LOOK_ALIKES, PLAIN_LETTERS, READINGS, READINGS_AS_WRITTEN } from './look-alikes.js';

/**
 * The form in which unique names are compared: two names that look the same have one key. Case, the width of spaces, the
 * kind of hyphen and apostrophe, and joiners do not count, and letters of other scripts count as the Latin letter that
 * they look like (after the skeletons of UTS #39). Accents do count: "secretária" and "secretaria" are two words.
 */
export function nameKey(name: string): string {
  const visible = name.normalize('NFKC').replace(/\p{Default_Ignorable_Code_Point}/gu, '');
  return replaceLetters(foldCase(visible).normalize('NFD'), LOOK_ALIKES)
    .replace(/\s+/gu, ' ')
    .replace(/[\p{Pd}\u2212]/gu, '-')
    .replace(/[\u2018\u2019\u02BB\u02BC\u2032\u00B4\x60]/gu, "'")
    .normalize('NFC')
    .trim();
}

function replaceLetters(text: string, letters: ReadonlyMap<string, string>): string {
  return Array.from(text, (character) => letters.get(character) ?? character).join('');
}

/** The scripts in widespread use today: Recommended Scripts of UAX #31, and the characters that several scripts share. */
const RECOMMENDED_SCRIPTS = [
  ...[
    'Arabic',
    'Armenian',
    'Bengali',
    'Bopomofo',
    'Cyrillic',
    'Devanagari',
    'Ethiopic',
    'Georgian',
    'Greek',
    'Gujarati',
  ],
  ...[
    'Gurmukhi',
    'Hangul',
    'Han',
    'Hebrew',
    'Hiragana',
    'Kannada',
    'Katakana',
    'Khmer',
    'Lao',
    'Latin',
    'Malayalam',
  ],
  ...[
    'Myanmar',
    'Oriya',
    'Sinhala',
    'Tamil',
    'Telugu',
    'Thaana',
    'Thai',
    'Tibetan',
    'Common',
    'Inherited',
  ],
];

const OTHER_SCRIPT = new RegExp(
  `[^${RECOMMENDED_SCRIPTS.map((script) => `\\p{Script=${script}}`).join('')}]`,
  'u',
);

/**
 * True if a name has only letters of scripts in widespread use. Other scripts have letters that look like Latin ones, and
 * few readers know them, so a name that must not be taken for another one does not contain them.
 */
export function hasRecommendedScripts(name: string): boolean {
  return !OTHER_SCRIPT.test(name);
}

/** Groups of ASCII characters that are read as one another, each as its last. */
const READ_AS: readonly (readonly [RegExp, string])[] = [
  [/rn/g, 'm'],
  [/vv/g, 'w'],
  [/[1l|!]/g, 'i'],
  [/0/g, 'o'],
  [/2/g, 'z'],
  [/[3€]/g, 'e'],
  [/[4@]/g, 'a'],
  [/[5$]/g, 's'],
  [/[69]/g, 'g'],
  [/7/g, 't'],
  [/8/g, 'b'],
];

/**
 * How a name reads at a glance: only its letters, without accents, strokes and hooks, and the letters that digits, signs and
 * letters of other scripts stand for.
 */
function skeletonOf(name: string): string {
  const written = ['NFD', 'NFKD'].reduce(
    (text, form) => replaceLetters(text.normalize(form), READINGS_AS_WRITTEN),
    name,
  );
  const plain = nameKey(written).normalize('NFD').replace(/\p{M}/gu, '');
  const read = replaceLetters(replaceLetters(plain, PLAIN_LETTERS), READINGS);
  const letters = read.replace(/[^\p{L}\p{N}|!€@$]/gu, '');
  return READ_AS.reduce((text, [shape, reading]) => text.replace(shape, reading), letters);
}

/**
 * A test for names that could be taken for a reserved one. Wider than {@link nameKey}: "ádmin", "ađmin", "4dm1n",
 * "ad-min" and "admin2" are as bad as "admin" itself. Digits at the end are read as letters and as a number, so that "ap1"
 * is refused for "api" and "www1" for "www".
 */
export function reservedNames(reserved: Iterable<string>): (name: string) => boolean {
  const skeletons = new Set(Array.from(reserved, skeletonOf));
  return (name) =>
    [name, name.replace(/[\p{N}\p{P}\s]+$/u, '')].some((form) => skeletons.has(skeletonOf(form)));
}
