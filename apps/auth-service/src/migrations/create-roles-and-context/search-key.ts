import { OPERATOR_ROLE, type SchemaPart, SERVICE_ROLE } from '@poc-tracker/tenancy';
import { codePoints, NEWER_CAPITALS, NEWER_SMALL_LETTERS } from './newer-letters.js';

/**
 * Latin letters that Unicode does not compose of a letter and an accent, by the letter that they are found by. The last
 * rows are found by two letters each.
 */
const LATIN_LETTERS: Readonly<Record<string, string>> = {
  a: 'ȺɑᶏⱥⱭ',
  b: 'ƀƁƂƃɃɓᵬᶀꞖꞗ',
  c: 'ƇƈȻȼɕꞒꞓꞔꟄ',
  d: 'ÐðĐđƉƊƋƌȡɖɗᵭᶁᶑꝹꝺꟇꟈ',
  e: 'ƎƏƐǝɆɇəɛᶒⱸꬲꬳꬴ',
  f: 'ƑƒᵮᶂꝻꝼꞘꞙꬵ',
  g: 'ƓǤǥɠɡᵹᶃꝽꞠꞡꞬꬶ',
  h: 'ĦħɦⱧⱨꞕꞪ',
  i: 'ıƗɨɪᶖꞮ',
  j: 'ȷɈɉɟʄʝꞲ',
  k: 'ĸƘƙᶄⱩⱪꝀꝁꝂꝃꝄꝅꞢꞣ',
  l: 'ŁłƚȴȽɫɬɭᶅⱠⱡⱢꝈꝉꞎꞭꬷꬸꬹ',
  m: 'ɱᵯᶆⱮꬺ',
  n: 'ŊŋƝƞȠȵɲɳᵰᶇꞐꞑꞤꞥꬻ',
  o: 'ØøƆƟɔɵⱺꝊꝋꝌꝍꬽꬾ',
  p: 'ƤƥᵱᵽᶈⱣꝐꝑꝒꝓꝔꝕ',
  q: 'ɊɋʠꝖꝗꝘꝙ',
  r: 'ɌɍɼɽɾᵲᵳᶉⱤꞂꞃꞦꞧꭉꭋꭌ',
  s: 'ȿʂᵴᶊⱾꞄꞅꞨꞩꟅꟉꟊ',
  t: 'ŦŧƫƬƭƮȶȾʈᵵⱦꞆꞇ',
  u: 'ɄʉᶙꞸꞹꭎꭒ',
  v: 'ƲʋᶌⱱⱴꝞꝟ',
  w: 'Ⱳⱳ',
  x: 'ᶍꭖꭗꭘꭙ',
  y: 'ƳƴɎɏỾỿꭚ',
  z: 'ƵƶȤȥɀʐʑᵶᶎⱫⱬⱿꟆ',
  ß: 'ẞ',
  æ: 'Æ',
  þ: 'Þ',
  œ: 'Œ',
};

/** Found by another character: typographic apostrophes, hyphens and dashes, and the sigma at the end of a word. */
const OTHER_CHARACTERS: Readonly<Record<string, string>> = {
  "''": '’‘ʼʻ′ʹꞌ',
  '-': '‐‒–—―−⁃',
  σ: 'ς',
};

/** Spaces that the compatibility decomposition leaves as they are, line breaks and tabs. The key has one space for several. */
const SPACES = String.raw`[ \u0009-\u000D\u0085\u1680\u2028\u2029]+`;

const TRANSLATED = Object.entries({ ...LATIN_LETTERS, ...OTHER_CHARACTERS });
const FROM = TRANSLATED.map(([, letters]) => letters).join('') + NEWER_CAPITALS;
const TO =
  TRANSLATED.map(([found, letters]) => found.repeat([...letters].length)).join('') +
  NEWER_SMALL_LETTERS;

/**
 * Accents of Latin, Greek and Cyrillic letters, the dot of ŀ, and what a name may contain although it cannot be seen:
 * joiners and the selectors of emoji. Without a counterpart, translate() deletes them.
 */
const DELETED = [...codePoints(0x300, 0x36f), '·', '\u200c', '\u200d', '\ufe0e', '\ufe0f'].join('');

/*
 * Of the two forms of a letter with an accent, PostgreSQL's own unaccent is an extension, and depends on a dictionary file
 * of the server. lower() depends on the locale of the database for letters outside of ASCII, so the table has the capitals
 * as well. RETURN resolves every name when the function is created: no search_path can change what an index contains.
 */
const SEARCH_KEY = `
  CREATE FUNCTION public.search_key(p_text text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CASE
    WHEN octet_length(p_text) = char_length(p_text) THEN regexp_replace(lower(p_text COLLATE "C"), '${SPACES}', ' ', 'g')
    ELSE regexp_replace(replace(replace(replace(replace(
      translate(lower(normalize(p_text, NFKD)), '${FROM}${DELETED}', '${TO}'),
      'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), '${SPACES}', ' ', 'g')
  END;
  REVOKE ALL ON FUNCTION public.search_key(text) FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION public.search_key(text) TO ${SERVICE_ROLE}, ${OPERATOR_ROLE}`;

/** The function that names are searched by. Columns are generated with it, and the searched text goes through it. */
export const SEARCH_KEY_FUNCTION: SchemaPart = {
  up: [SEARCH_KEY],
  down: ['DROP FUNCTION public.search_key(text)'],
};
