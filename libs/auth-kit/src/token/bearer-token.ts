import { ApiError } from '@poc-tracker/contracts';
import { type AuthRequest, rawHeadersOf } from '../policy/auth-request.js';
import { invalidToken } from './invalid-token.js';

const AUTHORIZATION = 'authorization';

const SCHEME = 'bearer ';

/**
 * The token of a request, from the Authorization header only (RFC 6750, 2.1): a token in a URL ends
 * in logs and histories, and one in a cookie is sent by other people's pages.
 * @throws ApiError TOKEN_REQUIRED without the header, INVALID_TOKEN when it is sent twice or names
 * another scheme.
 */
export function bearerToken(request: Pick<AuthRequest, 'headers' | 'raw' | 'rawHeaders'>): string {
  const header = request.headers.authorization;
  if (header === undefined) throw new ApiError('TOKEN_REQUIRED');
  if (typeof header !== 'string' || countAuthorization(rawHeadersOf(request)) > 1) {
    throw invalidToken('The Authorization header is sent more than once.');
  }
  if (header.slice(0, SCHEME.length).toLowerCase() !== SCHEME) {
    throw invalidToken('The Authorization header names another scheme than Bearer.');
  }
  return header.slice(SCHEME.length);
}

/**
 * Node keeps the first of several Authorization headers and drops the rest without a word, while a
 * proxy in front may have judged by the last. Only the raw headers (name, value, name, value, …)
 * still show it.
 */
function countAuthorization(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION) count += 1;
  }
  return count;
}
