import { isUuid, NIL_UUID } from '@poc-tracker/contracts';
import { foreignCursor } from '@poc-tracker/http-service';
import { emailSearchKey, unicodeEmailSearchKey } from '@poc-tracker/text';

/**
 * Where a page of a search ends: the source that matched the last user, the value that it matched, and the user's id. The
 * value is included because the user may be renamed or deleted before the next page is requested.
 */
export interface SearchPosition {
  source: number;
  key: string;
  id: string;
}

/** The search text in the form of the column email_key, which emailSearchKey computes. */
const EMAIL_PREFIX = '(SELECT $4::text)';
/** The search text in the form of the column search_unicode_email, which unicodeEmailSearchKey computes. */
const UNICODE_EMAIL_PREFIX = '(SELECT $8::text)';
/** The search text in the form of the columns search_name and search_last_name. */
const NAME_PREFIX = '(SELECT search_key($9::text))';

interface Source {
  column: string;
  prefix: string;
  /** The search text must contain it: without it, this source finds no more than the earlier ones. */
  onlyWith?: string;
  /** Whether its index is partial and leaves out the empty values. */
  partial?: boolean;
}

/** In the order of the results. A user is found once, by the first source that starts with the text. */
const SOURCES: readonly Source[] = [
  { column: 'email_key', prefix: EMAIL_PREFIX },
  // Without a domain both forms of an address are one, and most addresses have no Unicode form.
  { column: 'search_unicode_email', prefix: UNICODE_EMAIL_PREFIX, onlyWith: '@', partial: true },
  { column: 'search_name', prefix: NAME_PREFIX },
  { column: 'search_last_name', prefix: NAME_PREFIX },
];

/** Text with a prefix sorts from the prefix to the prefix followed by the last character of Unicode. */
const begins = ({ column, prefix }: Source): string =>
  `${column} >= ${prefix} AND ${column} < ${prefix} || chr(1114111)`;

const condition = (source: Source): string =>
  source.partial === true ? `${begins(source)} AND ${source.column} <> ''` : begins(source);

/**
 * One statement for each source: up to $3 users after a key ($1) and an id ($2) whose source starts with the search text
 * ($4 and $8 as an address, $9 as a name), with a role ($5), a status ($6) and a custom role ($7). A range instead of LIKE,
 * which is not leakproof: under a policy it cannot be an index condition, so every search would read the whole tenant. In
 * the order of the index, so that a page of "a" costs the same as a page of "ana.souza"; any other order, or one statement
 * for all sources, would read every match for each page.
 */
export const SEARCH_STATEMENTS: readonly string[] = SOURCES.map((source, index) => {
  const { column } = source;
  const earlier = SOURCES.slice(0, index).map((other) => `AND NOT (${begins(other)})`);
  return `
  SELECT id, ${column} AS key FROM users
   WHERE ${condition(source)} AND (${column}, id) > ($1, $2) ${earlier.join(' ')}
     AND ($5::text IS NULL OR role = $5) AND ($6::text IS NULL OR status = $6)
     AND ($7::uuid IS NULL OR custom_role_id = $7)
   ORDER BY ${column}, id LIMIT $3`;
});

/** False for a source that cannot find more than the earlier ones. */
export function isSearched(source: number, text: string): boolean {
  return text.includes(SOURCES[source]?.onlyWith ?? '');
}

/**
 * For the rest of the transaction, makes the planner read in the order of an index. It cannot estimate how many users match
 * a prefix; where it expects few it reads and sorts all of them, which took seconds for 300,000 users. A list without a
 * search would be read from the smallest index, with the whole tenant sorted.
 */
export const KEEP_TO_INDEX_ORDER = `
  SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true)`;

/** Before the first user: a key that starts with the search text is not empty. */
export const SEARCH_START: SearchPosition = {
  source: 0,
  key: '',
  id: NIL_UUID,
};

/** The parameters of one of the statements. */
export function searchParameters(
  text: string,
  { source, key, id }: SearchPosition,
  limit: number,
  filter: readonly [role: string | null, status: string | null, customRoleId: string | null],
): unknown[] {
  // PostgreSQL refuses parameters that a statement does not use.
  const texts = [unicodeEmailSearchKey(text), text].slice(0, source);
  return [key, id, limit, emailSearchKey(text), ...filter, ...texts];
}

export function formatPosition({ source, key, id }: SearchPosition): string {
  return `${source}${id}${key}`;
}

const POSITION = /^([0-3])(.{36})([^\0]*)$/;

/** @throws ApiError VALIDATION_ERROR if the text is not the position of a page. */
export function parsePosition(text: string): SearchPosition {
  const [, source, id = '', key = ''] = POSITION.exec(text) ?? [];
  if (source === undefined || !isUuid(id)) throw foreignCursor();
  return { source: Number(source), key, id };
}
