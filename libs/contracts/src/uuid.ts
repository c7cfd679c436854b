const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * True for an id in the one spelling that is used: lower case, as PostgreSQL gives it (RFC 9562, any version, since ids of
 * imported rows need not be version 7). A second spelling would be a second key in caches and revocation lists.
 */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
