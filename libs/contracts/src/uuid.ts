/** The nil UUID (RFC 9562, 5.9): sorts before every other id and names no row. */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/** The max UUID (RFC 9562, 5.10): sorts after every other id and names no row. */
export const MAX_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * True for an id in the one spelling that is used: lower case, as PostgreSQL gives it (RFC 9562, any version, since ids of
 * imported rows need not be version 7). A second spelling would be a second key in caches and revocation lists.
 */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
