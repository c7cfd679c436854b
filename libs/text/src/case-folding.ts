/**
 * A text as it is compared without case: two texts that any software calls equal apart from case have one form, whatever
 * its language or its version of Unicode. It is the lower case of the upper case of the lower case: `toLowerCase` alone
 * keeps apart ς and σ, which have one upper case, and ß and ss.
 *
 * Compatible characters are one (NFKC): ﬁ and fi, the Kelvin sign and k, full-width letters and those of ASCII. İ is i,
 * because a dot above adds nothing to a letter that has one: İ in lower case is an i with two dots, which looks like i. So a
 * dot above counts only as part of a letter, as in ė.
 *
 * The database computes the same for email addresses (email_key).
 */
export function foldCase(text: string): string {
  return Array.from(text.normalize('NFKD'), foldCharacter)
    .join('')
    .normalize('NFKC')
    .replaceAll('\u0307', '')
    .normalize('NFKC');
}

/** Character by character: in a whole text, the lower case of Σ depends on its place in the word. */
function foldCharacter(character: string): string {
  const upperCase = character.toLowerCase().toUpperCase();
  return Array.from(upperCase, (upper) => upper.toLowerCase()).join('');
}
