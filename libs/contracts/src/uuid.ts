/** The nil UUID (RFC 9562, 5.9): sorts before every other id and names no row. */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/** The max UUID (RFC 9562, 5.10): sorts after every other id and names no row. */
export const MAX_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * True for a UUID in lower case, as PostgreSQL returns it (RFC 9562, any version, because imported rows may have other
 * versions than 7). Upper case is refused, because it would be another key in caches and in the revocation log.
 */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
