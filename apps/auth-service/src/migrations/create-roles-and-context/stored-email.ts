import {
  GATEKEEPER_ROLE,
  OPERATOR_ROLE,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { codePoints } from './newer-letters.js';

/** The column by which an address is unique and found. The database computes it, so that no writer can forget it. */
export const EMAIL_KEY_COLUMN = `email_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (public.email_key(email)) STORED`;

/**
 * Characters of a lower-case address that are still to be folded, by what they are folded to: capitals that the
 * compatibility decomposition makes of symbols, letters that share a capital with another one, and iota as a mark.
 */
const FOLDED: Readonly<Record<string, string>> = {
  æ: 'Æ',
  ǝ: 'Ǝ',
  ȣ: 'Ȣ',
  ɛ: 'Ɛ',
  ħ: 'Ħ',
  œ: 'Œ',
  αβγδεζηθικλμνξοπρτυφχψωϝ: 'ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΤΥΦΧΨΩϜ',
  i: 'ı',
  σσ: 'ςΣ',
  ι: '\u0345',
  вдосттъѣꙋ: 'ᲀᲁᲂᲃᲄᲅᲆᲇᲈ',
};

/** Of Cherokee, the capitals are the usual letters, also in domains; the small ones came later to Unicode. */
const CHEROKEE_CAPITALS = codePoints(0x13a0, 0x13f5);
const CHEROKEE_SMALL = [...codePoints(0xab70, 0xabbf), ...codePoints(0x13f8, 0x13fd)];

const FROM = [...Object.values(FOLDED), ...CHEROKEE_CAPITALS].join('');
const TO = [...Object.keys(FOLDED), ...CHEROKEE_SMALL].join('');

/*
 * foldCase of libs/text for addresses in their stored form. A test compares the two for every character of Unicode. The
 * table is complete, and lower() has the collation "C", so that the key does not depend on the locale of the database:
 * lower() in Turkish makes another letter of "I". RETURN resolves every name when the function is created.
 */
const EMAIL_KEY = `
  CREATE FUNCTION public.email_key(p_email text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CASE
    WHEN octet_length(p_email) = char_length(p_email) THEN lower(p_email COLLATE "C")
    ELSE normalize(translate(normalize(replace(
      translate(lower(normalize(p_email, NFKD) COLLATE "C"), '${FROM}', '${TO}'),
      'ß', 'ss'), NFKC), U&'\\0307', ''), NFKC)
  END`;

/*
 * The key of an address with the domain as users read it: of ana@xn--bcher-kva.example, that is ana@bücher.example. Empty
 * if the domain has no other form. Decodes Punycode (RFC 3492, 6.2), and keeps a label that is none.
 */
const UNICODE_EMAIL_KEY = `
  CREATE FUNCTION public.unicode_email_key(p_email text) RETURNS text
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    labels text[] := string_to_array(split_part(p_email, '@', 2), '.');
    code text;
    decoded text[];
    n bigint;
    i bigint;
    start bigint;
    bias bigint;
    weight bigint;
    k bigint;
    digit integer;
    threshold bigint;
    delta bigint;
    size bigint;
  BEGIN
    IF p_email !~ '[@.]xn--[a-z0-9-]+(\\.[a-z0-9.-]+)?$' THEN
      RETURN '';
    END IF;
    <<label>>
    FOR l IN 1 .. cardinality(labels) LOOP
      CONTINUE WHEN labels[l] NOT LIKE 'xn--_%';
      code := substr(labels[l], 5);
      decoded := coalesce(string_to_array(substring(code FROM '^(.*)-'), NULL), '{}');
      code := coalesce(substring(code FROM '[^-]*$'), '');
      n := 128;
      i := 0;
      bias := 72;
      WHILE code <> '' LOOP
        start := i;
        weight := 1;
        k := 36;
        LOOP
          digit := strpos('abcdefghijklmnopqrstuvwxyz0123456789', left(code, 1)) - 1;
          code := substr(code, 2);
          i := i + digit * weight;
          CONTINUE label WHEN digit < 0 OR i > 100000000;
          threshold := least(greatest(k - bias, 1), 26);
          EXIT WHEN digit < threshold;
          weight := weight * (36 - threshold);
          k := k + 36;
          CONTINUE label WHEN code = '';
        END LOOP;
        size := cardinality(decoded) + 1;
        delta := CASE WHEN start = 0 THEN (i - start) / 700 ELSE (i - start) / 2 END;
        delta := delta + delta / size;
        k := 0;
        WHILE delta > 455 LOOP
          delta := delta / 35;
          k := k + 36;
        END LOOP;
        bias := k + 36 * delta / (delta + 38);
        n := n + i / size;
        i := i % size;
        CONTINUE label WHEN n > 1114111 OR n BETWEEN 55296 AND 57343;
        decoded := decoded[:i] || chr(n::integer) || decoded[i + 1:];
        i := i + 1;
      END LOOP;
      labels[l] := array_to_string(decoded, '');
    END LOOP;
    RETURN public.email_key(split_part(p_email, '@', 1) || '@' || array_to_string(labels, '.'));
  END
  $$`;

const FUNCTIONS = 'public.email_key(text), public.unicode_email_key(text)';

const GRANTS = `
  REVOKE ALL ON FUNCTION ${FUNCTIONS} FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION ${FUNCTIONS} TO ${SERVICE_ROLE}, ${OPERATOR_ROLE}, ${GATEKEEPER_ROLE}`;

/** The functions that email addresses are compared and searched by. Columns are generated with them. */
export const EMAIL_KEY_FUNCTIONS: SchemaPart = {
  up: [EMAIL_KEY, UNICODE_EMAIL_KEY, GRANTS],
  down: ['DROP FUNCTION public.unicode_email_key(text), public.email_key(text)'],
};
