import { isUuid, NIL_UUID } from '@poc-tracker/contracts';
import { foreignCursor } from '@poc-tracker/http-service';

/**
 * Where a page of a search ends: the source that the last person was found by, what it holds of them, and their id. What
 * it holds goes along, because the person may have another name, or be gone, when the next page is asked for.
 */
export interface SearchPosition {
  source: number;
  key: string;
  id: string;
}

/** The text to search for, as the columns search_name and search_last_name are made. */
const NAME_PREFIX = `(SELECT translate(lower(normalize($4::text)),
  'áàâãäåéèêëíìîïóòôõöúùûüçñýÁÀÂÃÄÅÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑÝ', 'aaaaaaeeeeiiiiooooouuuucnyaaaaaaeeeeiiiiooooouuuucny'))`;
const EMAIL_PREFIX = '(SELECT lower($4::text))';

/** In the order in which people are found: each once, by the first that begins with the text. */
const SOURCES = [
  { column: 'email COLLATE "C"', prefix: EMAIL_PREFIX },
  { column: 'search_name', prefix: NAME_PREFIX },
  { column: 'search_last_name', prefix: NAME_PREFIX },
] as const;

type Source = (typeof SOURCES)[number];

/** All that begins with a text stands before that text with the last character that there is behind it. */
const begins = ({ column, prefix }: Source): string =>
  `${column} >= ${prefix} AND ${column} < ${prefix} || chr(1114111)`;

/**
 * One statement for each source: people behind a key ($1) and an id ($2), as many as $3, whose source begins with $4, of a
 * role ($5), a status ($6) and a role of the tenant ($7). A range of text instead of LIKE, which is not leakproof: under a
 * policy it could not be the condition of an index, and every search would read the whole tenant. In the order of that
 * index, so that a page of "a" costs what a page of "ana.souza" does; in any other order, or in one statement for all
 * sources, everybody who matches would be read for every page.
 */
export const SEARCH_STATEMENTS: readonly string[] = SOURCES.map((source, index) => {
  const { column } = source;
  const earlier = SOURCES.slice(0, index).map((other) => `AND NOT (${begins(other)})`);
  return `
  SELECT id, ${column} AS key FROM users
   WHERE ${begins(source)} AND (${column}, id) > ($1, $2) ${earlier.join(' ')}
     AND ($5::text IS NULL OR role = $5) AND ($6::text IS NULL OR status = $6)
     AND ($7::uuid IS NULL OR custom_role_id = $7)
   ORDER BY ${column}, id LIMIT $3`;
});

/**
 * For the rest of the transaction: in the order of an index or not at all. Nobody can tell the planner how many people a
 * beginning has, and where it guesses few it would rather read and sort all of them: 300,000 of them took seconds. A list
 * without a search would be read from whichever index is the smallest, all of the tenant, and sorted.
 */
export const KEEP_TO_INDEX_ORDER = `
  SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true)`;

/** Before everybody: no key is empty where it begins with something. */
export const SEARCH_START: SearchPosition = {
  source: 0,
  key: '',
  id: NIL_UUID,
};

export function formatPosition({ source, key, id }: SearchPosition): string {
  return `${source}${id}${key}`;
}

const POSITION = /^([0-2])(.{36})([^\0]*)$/;

/** @throws ApiError VALIDATION_ERROR for text that no page has ended with. */
export function parsePosition(text: string): SearchPosition {
  const [, source, id = '', key = ''] = POSITION.exec(text) ?? [];
  if (source === undefined || !isUuid(id)) throw foreignCursor();
  return { source: Number(source), key, id };
}
