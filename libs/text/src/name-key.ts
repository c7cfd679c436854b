import { foldCase } from './case-folding.js';
import { LOOK_ALIKES, PLAIN_LETTERS } from './look-alikes.js';

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
 * How a name reads at a glance: only its letters, without accents, strokes and hooks, and the letters that digits and signs
 * stand for.
 */
function skeletonOf(name: string): string {
  const plain = nameKey(name).normalize('NFD').replace(/\p{M}/gu, '');
  const letters = replaceLetters(plain, PLAIN_LETTERS).replace(/[^\p{L}\p{N}|!€@$]/gu, '');
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
