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
  i: 'ɩɪιіꙇꭵ',
  j: 'ʝϳјꓙꭻᴊ',
  k: 'κкⲕꓗꮶᴋ',
  l: 'ǀӏⲓⳑꓡꓲꮮʟ',
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

/**
 * Small Latin letters with a stroke, a hook or a tail, by the letter that they are read as. Unicode does not compose them
 * of a letter and an accent. The function search_key of the database finds names by the same letters, and a test compares
 * the two: a migration cannot import this table, because it must not change with it.
 */
const BY_PLAIN_LETTER: Readonly<Record<string, string>> = {
  a: 'ⱥᶏ',
  b: 'ƀɓƃᵬᶀꞗ',
  c: 'ƈȼɕꞓꞔ',
  d: 'ðđɖɗƌȡᵭᶁᶑꝺꟈ',
  e: 'ǝəɛɇᶒⱸꬳꬴ',
  f: 'ƒᵮᶂꝼ',
  g: 'ɠǥᵹꞡꬶ',
  h: 'ħɦⱨꞕ',
  i: 'ɨᶖ',
  j: 'ȷɉɟʄ',
  k: 'ĸƙᶄⱪꝁꝃꝅꞣ',
  l: 'łƚȴɫɬɭᶅⱡꝉꞎꬷꬸꬹ',
  m: 'ɱᵯᶆꬺ',
  n: 'ŋɲƞȵɳᵰᶇꞑꞥꬻ',
  o: 'øɔɵⱺꝋꝍꬾ',
  p: 'ƥᵱᵽᶈꝑꝓꝕ',
  q: 'ɋʠꝗꝙ',
  r: 'ɍɼɽɾᵲᵳᶉꞃꞧꭉꭋꭌ',
  s: 'ȿʂᵴᶊꞅꞩꟊ',
  t: 'ŧƫƭʈȶⱦᵵꞇ',
  u: 'ʉᶙꞹ',
  v: 'ⱱⱴꝟ',
  w: 'ⱳ',
  x: 'ᶍꭖꭗꭘꭙ',
  y: 'ƴɏ',
  z: 'ƶȥɀʐʑᵶᶎⱬ',
};

/**
 * Small letters and signs that are taken for Latin letters next to such letters. They are read so for reserved names only,
 * because in a text of their script they tell words apart. From the same confusables: letters of all scripts in common use
 * (also those that look like a digit which is read as a letter), accents and strokes aside. Ligatures are read as their letters.
 */
const BY_READING: Readonly<Record<string, string>> = {
  a: '⍺',
  aa: 'ꜳ',
  ae: 'æӕ',
  ao: 'ꜵ',
  au: 'ꜷ',
  av: 'ꜹꜻ',
  ay: 'ꜽ',
  b: 'ҍѣȣ৪੪',
  bl: 'ы',
  c: 'ҫ¢₡',
  d: '₫',
  dz: 'ʣ',
  e: 'ҿзӡʒȝɜꝫ℮⋿',
  g: 'б৭੧୨൭ꝯ',
  h: 'ћңӈӊꚕ',
  i: 'ᵻᵼ⍳⍸',
  k: 'қҟ₭',
  l: 'וןا١۱\u05C0∣⏽',
  ll: 'ǁװ‖∥',
  lo: 'ю',
  ls: 'ʪ',
  lz: 'ʫ',
  m: 'ӎ',
  o: 'θөѳסهھہە٥۵০੦૦ଠ୦௦౦೦ഠ൦०๐໐ဝ၀ჿዐ〇⊖⊝⍬',
  oe: 'œ',
  oo: 'ꝏꚙ∞',
  p: '⍴',
  r: 'ғ',
  s: 'ƽ',
  t: 'ҭ⊤⟙₮',
  th: 'þ',
  ts: 'ʦ',
  tz: 'ꜩ',
  u: 'ᵾሀ∪⋃',
  ue: 'ᵫ',
  uo: 'ꭣ',
  v: 'ט٧۷∨⋁',
  vy: 'ꝡ',
  w: '₩',
  x: 'ҳ×⤫⤬⨯╳',
  y: 'ұყ¥',
  z: 'ꝛƨƻꙅ',
};

/** Letters that look like another Latin letter than their other case does, or than the letter that NFKC makes of them. */
const BY_READING_AS_WRITTEN: Readonly<Record<string, string>> = { c: 'ϲϹ', n: 'Νη', y: 'Υ' };

/** The Latin letter that a letter looks like. */
export const LOOK_ALIKES = byLetter(BY_LATIN_LETTER);

/** The Latin letters that a small letter or a sign is taken for in a name of Latin letters. */
export const READINGS = byLetter(BY_READING);

/** The same for a letter before its case is folded. */
export const READINGS_AS_WRITTEN = byLetter(BY_READING_AS_WRITTEN);

/** The letter that a Latin letter with a stroke, a hook or a tail is read as. */
export const PLAIN_LETTERS = byLetter(BY_PLAIN_LETTER);

function byLetter(table: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(table).flatMap(([latin, letters]) =>
      Array.from(letters, (letter): [string, string] => [letter, latin]),
    ),
  );
}
