import { foldCase } from './case-folding.js';
import { LOOK_ALIKES } from './look-alikes.js';

/**
 * The form in which unique names are compared: two names that look the same have one key. Case, the width of spaces, the
 * kind of hyphen and apostrophe, and joiners do not count, and letters of other scripts count as the Latin letter that
 * they look like (after the skeletons of UTS #39). Accents do count: "secretária" and "secretaria" are two words.
 */
export function nameKey(name: string): string {
  const visible = name.normalize('NFKC').replace(/\p{Default_Ignorable_Code_Point}/gu, '');
  return Array.from(
    foldCase(visible).normalize('NFD'),
    (character) => LOOK_ALIKES.get(character) ?? character,
  )
    .join('')
    .replace(/\s+/gu, ' ')
    .replace(/\p{Pd}/gu, '-')
    .replace(/[\u2018\u2019\u02BC\u00B4\x60]/gu, "'")
    .normalize('NFC')
    .trim();
}

/** Groups of ASCII letters and digits that are read as one another, each as its last. */
const READ_AS: readonly (readonly [RegExp, string])[] = [
  [/rn/g, 'm'],
  [/vv/g, 'w'],
  [/[1l|!]/g, 'i'],
  [/0/g, 'o'],
];

/**
 * The form in which a name is compared with reserved names. Wider than {@link nameKey}: a name that could be taken for
 * "admin" at a glance, such as "ádmin" or "adm1n", is as bad as "admin" itself.
 */
export function reservedNameKey(name: string): string {
  const plain = nameKey(name).normalize('NFD').replace(/\p{M}/gu, '');
  return READ_AS.reduce((key, [shape, reading]) => key.replace(shape, reading), plain);
}
