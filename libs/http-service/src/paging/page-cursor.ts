import { ApiError, isUuid } from '@poc-tracker/contracts';
import { createHash } from 'node:crypto';

const UUID_BYTES = 16;

/** Detects a cursor used with other filters by mistake. It is not a security measure. */
const FILTER_BYTES = 8;

/** The filters of a list, and the name of the list if a tenant has several. */
export type PageFilter = Readonly<Record<string, string | undefined>>;

interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/**
 * Encodes the end of a page: base64url of the tenant's id, a digest of the filter, and the position of the last row, which
 * is its id in a list ordered by id. The tenant and the filter are included so that a cursor of another list is refused
 * instead of returning a wrong page.
 */
export function encodePageCursor(
  tenantId: string,
  position: string,
  filter: PageFilter = {},
): string {
  const parts = [toBytes(tenantId), digestOf(filter), Buffer.from(position)];
  return Buffer.concat(parts).toString('base64url');
}

/**
 * The position of the last row of the previous page. It is not trustworthy: a client can forge a cursor.
 * @throws ApiError VALIDATION_ERROR for a cursor that is malformed, or of another tenant or filter.
 */
export function decodePagePosition(
  tenantId: string,
  cursor: string,
  filter: PageFilter = {},
): string {
  const bytes = Buffer.from(cursor, 'base64url');
  const position = bytes.subarray(UUID_BYTES + FILTER_BYTES).toString();
  if (encodePageCursor(tenantId, position, filter) !== cursor) throw foreignCursor();
  return position;
}

/**
 * Like {@link decodePagePosition}, for a list ordered by id.
 * @throws ApiError VALIDATION_ERROR also if the position is not an id.
 */
export function decodePageCursor(
  tenantId: string,
  cursor: string,
  filter: PageFilter = {},
): string {
  const position = decodePagePosition(tenantId, cursor, filter);
  if (!isUuid(position)) throw foreignCursor();
  return position;
}

/** The error for a cursor that is not of this list. */
export function foreignCursor(): ApiError {
  return ApiError.validation({
    field: 'cursor',
    message: 'must be the nextCursor of an earlier page with the same filters',
  });
}

/**
 * Makes a page of rows that were queried with `limit + 1`: the extra row means that there is another page.
 * @param positionOf the position of a row, by default its id.
 */
export function toPage<T>(
  tenantId: string,
  rows: readonly T[],
  limit: number,
  filter: PageFilter,
  positionOf: (row: T) => string,
): Page<T>;
export function toPage<T extends { id: string }>(
  tenantId: string,
  rows: readonly T[],
  limit: number,
  filter?: PageFilter,
): Page<T>;
export function toPage<T extends { id: string }>(
  tenantId: string,
  rows: readonly T[],
  limit: number,
  filter: PageFilter = {},
  positionOf: (row: T) => string = ({ id }) => id,
): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextCursor: more ? encodePageCursor(tenantId, positionOf(last), filter) : null };
}

/** A list that is never long enough for a second page. */
export function toSinglePage<T>(items: T[]): Page<T> {
  return { items, nextCursor: null };
}

function digestOf(filter: PageFilter): Buffer {
  const stated = Object.entries(filter).filter(([, value]) => value !== undefined);
  const text = JSON.stringify(stated.sort(([one], [other]) => (one < other ? -1 : 1)));
  return createHash('sha256').update(text).digest().subarray(0, FILTER_BYTES);
}

function toBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}
