import { invalidToken } from './invalid-token.js';

/**
 * Longest token that is looked at, in bytes: an access token takes about 1 KiB, and below 4 KiB
 * with 200 permissions. Without a bound a caller could make the service decode whatever fits into a
 * header or a body.
 */
const MAX_TOKEN_LENGTH = 8 * 1024;

const COMPACT_FORM = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/** The one form that a kind of token may have. */
export interface TokenForm {
  alg: 'RS256' | 'HS256';
  typ: string;
  /** Whether the header names its key. */
  keyed: boolean;
}

/**
 * Checks the form of a JWT before any cryptography: compact serialisation in canonical base64url
 * (RFC 4648, 3.5; RFC 7515, 3.1), and a header with exactly the expected members. Verifiers read
 * past white space, padding and unused trailing bits, which gives one token many spellings; and
 * they act on header members such as `jwk`, `jku`, `x5u` and `crit`.
 * @returns the header's `kid`; empty for a token without one.
 * @throws ApiError INVALID_TOKEN
 */
export function readStrictHeader(token: string, form: TokenForm): { kid: string } {
  if (token.length > MAX_TOKEN_LENGTH) throw invalidToken('The token is too long.');
  const parts = COMPACT_FORM.exec(token)?.slice(1) ?? [];
  const [header] = parts;
  if (header === undefined) throw invalidToken('The token is not in compact form.');
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
    throw invalidToken('The header has other members than the expected ones.');
  }
  if (header.alg !== alg) throw invalidToken(`The algorithm is not ${alg}.`);
  if (header.typ !== typ) throw invalidToken(`The type is not ${typ}.`);
  if (typeof kid !== 'string') throw invalidToken('The key id is no text.');
  return { kid };
}

function parseObject(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Answered below, like JSON of another kind.
  }
  throw invalidToken('The header is no JSON object.');
}
