import type { IncomingHttpHeaders } from 'node:http';
import type { Principal } from './principal.js';

/**
 * What the guards read of a request, and the principal that they leave on it. Fastify's request keeps Node's own in
 * `raw`; Express's is Node's own.
 */
export interface AuthRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly raw?: { readonly rawHeaders: readonly string[] };
  readonly rawHeaders?: readonly string[];
  /** Set by JwtAuthGuard on every route that is not `@Public()`. */
  principal?: Principal;
}

/** Names and values in turn, as they came over the wire. */
export function rawHeadersOf({
  raw,
  rawHeaders,
}: Pick<AuthRequest, 'raw' | 'rawHeaders'>): readonly string[] {
  const found = raw?.rawHeaders ?? rawHeaders;
  if (found === undefined) {
    throw new Error(
      'The request shows no raw headers: auth-kit works on Fastify and on Express of Nest.',
    );
  }
  return found;
}
