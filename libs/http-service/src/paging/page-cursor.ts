import { ApiError, isUuid } from '@poc-tracker/contracts';
import { createHash } from 'node:crypto';

const UUID_BYTES = 16;

/** Tells filters apart that one client mixes up; nothing is protected by it. */
const FILTER_BYTES = 8;

/** What a list is narrowed by, and what it is a list of where a tenant has several. */
export type PageFilter = Readonly<Record<string, string | undefined>>;

interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/**
 * Where a page of a tenant's rows ends: base64url of the tenant's id, a digest of the filter, and the position of the last
 * row, which is its id in a list by ids. The tenant and the filter are inside so that a cursor of another list is refused
 * instead of quietly giving some other page.
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
 * The position of the last row of the page before. Not to be trusted: whoever knows the form can write any.
 * @throws ApiError VALIDATION_ERROR for a cursor that is malformed, of another tenant or of another filter.
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
 * The same in a list by ids.
 * @throws ApiError VALIDATION_ERROR also for a position that is no id.
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

/** The refusal of a cursor that no page of the list has given. */
export function foreignCursor(): ApiError {
  return ApiError.validation({
    field: 'cursor',
    message: 'must be the nextCursor of an earlier page with the same filters',
  });
}

/**
 * A page out of rows that were asked for with one more than `limit`, which tells whether there is another page.
 * @param positionOf where the list stands at a row; its id, unless told otherwise
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

function digestOf(filter: PageFilter): Buffer {
  const stated = Object.entries(filter).filter(([, value]) => value !== undefined);
  const text = JSON.stringify(stated.sort(([one], [other]) => (one < other ? -1 : 1)));
  return createHash('sha256').update(text).digest().subarray(0, FILTER_BYTES);
}

function toBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}
