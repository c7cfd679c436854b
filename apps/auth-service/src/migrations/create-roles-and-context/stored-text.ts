import {
  GATEKEEPER_ROLE,
  OPERATOR_ROLE,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { EMOJI, FORBIDDEN, MARKS, NUMBERS, SIGNS, SPACES } from './character-classes.js';
import { NEWER_CAPITALS } from './newer-letters.js';

/** A letter, a mark or an emoji: what a joiner may stand between. */
const JOINED = `(?:[${EMOJI}]|[^${FORBIDDEN}${SPACES}${NUMBERS}${SIGNS}])`;

/** Selectors of an emoji, and of a keycap. */
const EMOJI_SELECTOR = `(?<=[${EMOJI}])[\\uFE0E\\uFE0F]|(?<=[0-9#*])\\uFE0F(?=\\u20E3)`;

/** The tags of the flags of England, Scotland and Wales. */
const FLAG_TAGS = [
  String.raw`(?<=\U0001F3F4)\U000E0067\U000E0062`,
  String.raw`(?:\U000E0065\U000E006E\U000E0067|\U000E0073\U000E0063\U000E0074|\U000E0077\U000E006C\U000E0073)\U000E007F`,
].join('');

/** Without what is invisible and allowed in its place. Few texts contain any of it. */
const PLAIN = `CASE WHEN p_text ~ '[\\u200C\\u200D\\uFE0E\\uFE0F\\U000E0067]' THEN
      regexp_replace(regexp_replace(regexp_replace(
        p_text, '${FLAG_TAGS}', '', 'g'), '${EMOJI_SELECTOR}', '', 'g'), '(?<=${JOINED})[\\u200C\\u200D](?=${JOINED})', '', 'g')
      ELSE p_text END`;

/** Nothing forbidden, and something that can be seen. */
const VISIBLE = `^[^${FORBIDDEN}]*[^${FORBIDDEN}${SPACES}${MARKS}][^${FORBIDDEN}]*$`;

/*
 * The rules of checkLine, checkText and checkEmail in libs/text, except for what depends on the version of Unicode: unassigned
 * code points, and whether a domain is valid Punycode. Two statements of one rule, because the service tells the user what is
 * wrong, and the tables hold for every writer. A test compares them.
 */
const IS_LINE_OF_TEXT = `
  CREATE FUNCTION public.is_line_of_text(p_text text) RETURNS boolean
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CASE
    WHEN octet_length(p_text) = char_length(p_text) THEN p_text ~ '^[!-~](?:[ -~]*[!-~])?$'
    ELSE p_text IS NFC NORMALIZED AND p_text !~ '^[${SPACES}${MARKS}]|[${SPACES}]$' AND ${PLAIN} ~ '${VISIBLE}'
  END`;

const IS_TEXT = `
  CREATE FUNCTION public.is_text(p_text text) RETURNS boolean
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN p_text = '' OR public.is_line_of_text(translate(p_text, U&'\\000A\\0009', '  '))`;

/** Letters, marks, numbers and the signs of RFC 5322, 3.2.3. */
const ATOM = `(?:[a-z0-9!#$%&''*+/=?^_\`{|}~-]|[^\\u0001-\\u007F${FORBIDDEN}${SPACES}${SIGNS}])+`;
const LOCAL_PART = `^(?![${MARKS}])${ATOM}(?:\\.(?![${MARKS}])${ATOM})*@`;
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
/** A number at the end would be an address of IPv4. */
const DOMAIN = `(?:${LABEL}\\.)+(?!(?:[0-9]+|0x[0-9a-f]*)$)${LABEL}$`;

const IS_EMAIL_ADDRESS = `
  CREATE FUNCTION public.is_email_address(p_text text) RETURNS boolean
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN octet_length(p_text) <= 254 AND octet_length(split_part(p_text, '@', 1)) <= 64
    AND p_text = lower(p_text) AND p_text IS NFC NORMALIZED AND p_text ~ '${LOCAL_PART}${DOMAIN}'
    AND (octet_length(p_text) = char_length(p_text)
      OR p_text !~ '[${NEWER_CAPITALS}]' AND public.email_key(p_text) ~ '${LOCAL_PART}')`;

const FUNCTIONS =
  'public.is_line_of_text(text), public.is_text(text), public.is_email_address(text)';

const GRANTS = `
  REVOKE ALL ON FUNCTION ${FUNCTIONS} FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION ${FUNCTIONS} TO ${SERVICE_ROLE}, ${OPERATOR_ROLE}, ${GATEKEEPER_ROLE}`;

/** The functions that the constraints of texts and email addresses call. */
export const TEXT_FUNCTIONS: SchemaPart = {
  up: [IS_LINE_OF_TEXT, IS_TEXT, IS_EMAIL_ADDRESS, GRANTS],
  down: [
    `DROP FUNCTION public.is_email_address(text), public.is_text(text), public.is_line_of_text(text)`,
  ],
};
