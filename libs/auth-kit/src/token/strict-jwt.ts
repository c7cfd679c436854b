import { invalidToken } from './invalid-token.js';

/**
 * In bytes: an access token has about 1 KiB, and less than 4 KiB with 200 permissions. Without a limit a caller could make
 * the service decode tokens as large as a header or a body may be.
 */
const MAX_TOKEN_LENGTH = 8 * 1024;

const COMPACT_FORM = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/** The header of a type of token. */
export interface TokenForm {
  alg: 'RS256' | 'HS256';
  typ: string;
  /** Whether the header has a `kid`. */
  keyed: boolean;
}

/**
 * Validates the form of a JWT before any cryptography: compact serialization in canonical base64url (RFC 4648, 3.5;
 * RFC 7515, 3.1), and a header with exactly the expected members. Libraries ignore whitespace, padding and unused
 * trailing bits, so that one token has many encodings, and they act on header members such as `jwk`, `jku` and `crit`.
 * @returns the header's `kid`; empty for a token without one.
 * @throws ApiError INVALID_TOKEN
 */
export function readStrictHeader(token: string, form: TokenForm): { kid: string } {
  if (token.length > MAX_TOKEN_LENGTH) throw invalidToken('The token is too long.');
  const parts = COMPACT_FORM.exec(token)?.slice(1) ?? [];
  const [header] = parts;
  if (header === undefined) throw invalidToken('The token is not a compact JWT.');
  if (!parts.every(isCanonical)) throw invalidToken('The token is not canonical base64url.');
  return checkHeader(parseObject(header), form);
}

function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}

function checkHeader(
  header: Record<string, unknown>,
  { alg, typ, keyed }: TokenForm,
): { kid: string } {
  const { kid = '' } = header;
  if (Object.keys(header).length !== (keyed ? 3 : 2) || keyed !== 'kid' in header) {
    throw invalidToken('The header has unexpected or missing members.');
  }
  if (header.alg !== alg) throw invalidToken(`The algorithm is not ${alg}.`);
  if (header.typ !== typ) throw invalidToken(`The type is not ${typ}.`);
  if (typeof kid !== 'string') throw invalidToken('The key id is not a string.');
  return { kid };
}

function parseObject(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Refused below, like JSON that is not an object.
  }
  throw invalidToken('The header is not a JSON object.');
}
