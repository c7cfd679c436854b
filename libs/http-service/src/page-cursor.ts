import { ApiError } from '@poc-tracker/contracts';

const UUID_BYTES = 16;

/**
 * Where a page of a tenant's rows ends: base64url of the tenant's id and the last row's id. The tenant is inside so
 * that a cursor of another tenant is refused instead of quietly giving some other page.
 */
export function encodePageCursor(tenantId: string, lastId: string): string {
  return Buffer.concat([toBytes(tenantId), toBytes(lastId)]).toString('base64url');
}

/**
 * The id of the last row of the page before.
 * @throws ApiError VALIDATION_ERROR for a cursor that is malformed or of another tenant.
 */
export function decodePageCursor(tenantId: string, cursor: string): string {
  const bytes = Buffer.from(cursor, 'base64url');
  const genuine =
    bytes.length === 2 * UUID_BYTES &&
    bytes.toString('base64url') === cursor &&
    bytes.subarray(0, UUID_BYTES).equals(toBytes(tenantId));
  if (!genuine)
    throw ApiError.validation({
      field: 'cursor',
      message: 'must be the nextCursor of an earlier page',
    });
  return toUuid(bytes.subarray(UUID_BYTES));
}

/** A page out of rows that were asked for with one more than `limit`, which tells whether there is another page. */
export function toPage<T extends { id: string }>(
  tenantId: string,
  rows: readonly T[],
  limit: number,
): { items: T[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextCursor: more ? encodePageCursor(tenantId, last.id) : null };
}

function toBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

function toUuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
