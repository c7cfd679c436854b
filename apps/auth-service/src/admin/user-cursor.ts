import { ApiError } from '@poc-tracker/contracts';

const UUID_BYTES = 16;

/**
 * Where a page of people ends: base64url of the tenant's id and the last person's id. The tenant is inside so that
 * a cursor of another tenant is refused instead of quietly giving some other page.
 */
export function encodeCursor(tenantId: string, lastUserId: string): string {
  return Buffer.concat([toBytes(tenantId), toBytes(lastUserId)]).toString('base64url');
}

/**
 * The id of the last person of the page before.
 * @throws ApiError VALIDATION_ERROR for a cursor that is malformed or of another tenant.
 */
export function decodeCursor(tenantId: string, cursor: string): string {
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

function toBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

function toUuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
