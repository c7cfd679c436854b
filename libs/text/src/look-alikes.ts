/**
 * Small letters of other scripts, and of phonetic alphabets, by the Latin letter that they or their capitals look like:
 * Greek, Cyrillic, Armenian, Cherokee, Coptic and Lisu. From the confusables of Unicode (UTS #39), as far as they are one
 * letter that stands for one Latin letter. Full-width and mathematical letters are not listed, because NFKC makes them
 * Latin. Where a letter and its capital look like two Latin letters, the small one counts: Greek ν is v.
 */
const BY_LATIN_LETTER: Readonly<Record<string, string>> = {
  a: 'ɑαаꓮꭺ',
  b: 'ƅβвьᏼꓐꞵꮟ',
  c: 'сᴄⲥꓚꮯ',
  d: 'ԁꓒꓓꭰꮷ',
  e: 'εеҽꓰꬲꭼ',
  f: 'ϝքẝꓝꞙꬵ',
  g: 'ƍɡԍցᏻᶃꓖꮐ',
  h: 'ηнһհⲏꓧꮋꮒ',
  i: 'ɩɪιіӏꙇꭵ',
  j: 'ʝϳјꓙꭻ',
  k: 'κкⲕꓗꮶ',
  l: 'ǀⲓⳑꓡꓲꮮ',
  m: 'μϻмⲙꓟꮇ',
  n: 'ոռⲛꓠ',
  o: 'οσоօᴏᴑⲟꓳꬽ',
  p: 'ρрⲣꓑꮲ',
  q: 'ԛգզ',
  r: 'ʀгᴦⲅꓣꭇꭈꭱꮁꮢ',
  s: 'ѕտꓢꜱꮥꮪ',
  t: 'τтⲧꓔꭲ',
  u: 'ʋυսᴜꓴꞟꭎꭒ',
  v: 'νѵᴠꓦꮩ',
  w: 'ɯѡԝաᴡꓪꮃꮤ',
  x: 'χхⲭꓫꭓ',
  y: 'ɣʏγуүᶌỿⲩꓬꭚꭹꮍ',
  z: 'ζᴢꓜꮓ',
};

/** The Latin letter that a letter looks like. */
export const LOOK_ALIKES: ReadonlyMap<string, string> = new Map(
  Object.entries(BY_LATIN_LETTER).flatMap(([latin, letters]) =>
    Array.from(letters, (letter): [string, string] => [letter, latin]),
  ),
);
