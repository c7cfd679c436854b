import { createHash } from 'node:crypto';

/**
 * The `jti` of the access tokens of one generation of a session, a UUID of version 8 (RFC 9562). It follows from what
 * PostgreSQL stores, so that the tokens of a session that has ended can be named although none was stored.
 */
export function accessTokenId(sessionId: string, generation: number): string {
  const bytes = createHash('sha256').update(`${sessionId}:${generation}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
