/**
 * Small letters of other scripts, and of phonetic alphabets, by the Latin letter that they or their capitals look like:
 * Greek, Cyrillic, Armenian, Cherokee, Coptic and Lisu. From the confusables of Unicode (UTS #39), as far as they are one
 * letter that stands for one Latin letter. Full-width and mathematical letters are not listed, because NFKC makes them
 * Latin. Where a letter and its capital look like two Latin letters, the small one counts: Greek ν is v.
 */
const BY_LATIN_LETTER: Readonly<Record<string, string>> = {
  a: 'ɑαаꓮꭺᴀ',
  b: 'ƅβвьᏼꓐꞵꮟʙ',
  c: 'сᴄⲥꓚꮯ',
  d: 'ԁꓒꓓꭰꮷᴅ',
  e: 'εеҽꓰꬲꭼᴇ',
  f: 'ϝքẝꓝꞙꬵꜰ',
  g: 'ƍɡԍցᏻᶃꓖꮐɢ',
  h: 'ηнһհⲏꓧꮋꮒʜ',
  i: 'ɩɪιіӏꙇꭵ',
  j: 'ʝϳјꓙꭻᴊ',
  k: 'κкⲕꓗꮶᴋ',
  l: 'ǀⲓⳑꓡꓲꮮʟ',
  m: 'μϻмⲙꓟꮇᴍ',
  n: 'ոռⲛꓠɴ',
  o: 'οσоօᴏᴑⲟꓳꬽ',
  p: 'ρрⲣꓑꮲᴘ',
  q: 'ԛգզꞯ',
  r: 'ʀгᴦⲅꓣꭇꭈꭱꮁꮢ',
  s: 'ѕտꓢꜱꮥꮪ',
  t: 'τтⲧꓔꭲᴛ',
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
