import { ApiError } from '@poc-tracker/contracts';
import { createHash } from 'node:crypto';

const UUID_BYTES = 16;

/** Tells filters apart that one client mixes up; nothing is protected by it. */
const FILTER_BYTES = 8;

/** What a list is narrowed by, and what it is a list of where a tenant has several. */
export type PageFilter = Readonly<Record<string, string | undefined>>;

/**
 * Where a page of a tenant's rows ends: base64url of the tenant's id, the last row's id and a digest of the filter. The
 * tenant and the filter are inside so that a cursor of another list is refused instead of quietly giving some other page.
 */
export function encodePageCursor(
  tenantId: string,
  lastId: string,
  filter: PageFilter = {},
): string {
  const parts = [toBytes(tenantId), toBytes(lastId), digestOf(filter)];
  return Buffer.concat(parts).toString('base64url');
}

/**
 * The id of the last row of the page before.
 * @throws ApiError VALIDATION_ERROR for a cursor that is malformed, of another tenant or of another filter.
 */
export function decodePageCursor(
  tenantId: string,
  cursor: string,
  filter: PageFilter = {},
): string {
  const bytes = Buffer.from(cursor, 'base64url');
  const lastId = toUuid(bytes.subarray(UUID_BYTES, 2 * UUID_BYTES));
  if (encodePageCursor(tenantId, lastId, filter) !== cursor)
    throw ApiError.validation({
      field: 'cursor',
      message: 'must be the nextCursor of an earlier page with the same filters',
    });
  return lastId;
}

/** A page out of rows that were asked for with one more than `limit`, which tells whether there is another page. */
export function toPage<T extends { id: string }>(
  tenantId: string,
  rows: readonly T[],
  limit: number,
  filter: PageFilter = {},
): { items: T[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextCursor: more ? encodePageCursor(tenantId, last.id, filter) : null };
}

function digestOf(filter: PageFilter): Buffer {
  const stated = Object.entries(filter).filter(([, value]) => value !== undefined);
  const text = JSON.stringify(stated.sort(([one], [other]) => (one < other ? -1 : 1)));
  return createHash('sha256').update(text).digest().subarray(0, FILTER_BYTES);
}

function toBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

function toUuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
