import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '@poc-tracker/contracts';
import { invalidToken } from './invalid-token.js';

const AUTHORIZATION = 'authorization';

const SCHEME = 'bearer ';

/** The headers of a request. Fastify keeps Node's request in `raw`; Express's request is Node's own. */
export interface TokenRequest {
  readonly headers: IncomingHttpHeaders;
  readonly raw?: { readonly rawHeaders: readonly string[] };
  readonly rawHeaders?: readonly string[];
}

/**
 * The token of a request, from the Authorization header only (RFC 6750, 2.1): a token in a URL ends up in logs and
 * histories, and one in a cookie is sent by pages of other sites.
 * @throws ApiError TOKEN_REQUIRED if the header is missing, INVALID_TOKEN if it is sent twice or has another scheme.
 */
export function bearerToken(request: TokenRequest): string {
  const header = request.headers.authorization;
  if (header === undefined) throw new ApiError('TOKEN_REQUIRED');
  if (typeof header !== 'string' || countAuthorization(rawHeadersOf(request)) > 1) {
    throw invalidToken('The Authorization header is sent more than once.');
  }
  const token = readBearer(header);
  if (token === undefined)
    throw invalidToken('The scheme of the Authorization header is not Bearer.');
  return token;
}

/** The token of an Authorization header; undefined for another scheme. */
export function readBearer(header: string): string | undefined {
  if (header.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  // RFC 9110, 11.4: any number of spaces follows the scheme.
  return header.slice(SCHEME.length).replace(/^ +/, '');
}

/** Names and values in turn, as they came over the wire. */
function rawHeadersOf({ raw, rawHeaders }: TokenRequest): readonly string[] {
  const found = raw?.rawHeaders ?? rawHeaders;
  if (found === undefined) {
    throw new Error(
      'The request has no raw headers: auth-kit supports the Fastify and Express adapters of Nest.',
    );
  }
  return found;
}

/**
 * Node keeps the first of several Authorization headers and silently drops the rest, while a proxy in front may have
 * checked the last one. Only the raw headers (name, value, name, value, …) still show it.
 */
function countAuthorization(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION) count += 1;
  }
  return count;
}
