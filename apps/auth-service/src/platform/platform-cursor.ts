import { ApiError, isUuid } from '@poc-tracker/contracts';

/** Where a page of tenants ends: the id of the last one, which an operator may see anyhow. */
export function encodeTenantCursor(lastId: string): string {
  return Buffer.from(lastId.replaceAll('-', ''), 'hex').toString('base64url');
}

/** @throws ApiError VALIDATION_ERROR for a cursor that no page has given. */
export function decodeTenantCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url')
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  if (isUuid(id) && encodeTenantCursor(id) === cursor) return id;
  throw ApiError.validation({
    field: 'cursor',
    message: 'must be the nextCursor of an earlier page',
  });
}
