import { ApiError, isUuid } from '@poc-tracker/contracts';

/** What ends a page: the sort key of its last row. The id alone, where rows are in the order of their ids. */
export interface PageEnd {
  text?: string;
  id: string;
}

/**
 * Where a page ends, for the client to bring back. The tenant is inside, so that a cursor of another tenant is refused
 * instead of quietly giving some other page.
 */
export function encodeCursor(tenantId: string, { text = '', id }: PageEnd): string {
  return Buffer.from(JSON.stringify([tenantId, text, id])).toString('base64url');
}

/** @throws ApiError VALIDATION_ERROR for a cursor that is malformed or of another tenant. */
export function decodeCursor(tenantId: string, cursor: string): Required<PageEnd> {
  const [tenant, text, id, ...rest] = readList(cursor);
  if (
    tenant !== tenantId ||
    typeof text !== 'string' ||
    typeof id !== 'string' ||
    !isUuid(id) ||
    rest.length > 0
  ) {
    throw ApiError.validation({
      field: 'cursor',
      message: 'must be the nextCursor of an earlier page',
    });
  }
  return { text, id };
}

/** Cuts what was read, one row more than a page holds, to the page and the cursor of the next. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => string,
  toItem: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items: page.map(toItem), nextCursor: more ? cursorOf(last) : null };
}

function readList(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    // PostgreSQL takes neither NUL nor half a surrogate pair, wherever it comes from.
    if (Array.isArray(value) && !/[\0\p{Surrogate}]/u.test(value.join(''))) return value;
  } catch {
    // Refused by the caller, like a list of something else.
  }
  return [];
}
