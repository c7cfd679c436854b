import { isUtf8 } from 'node:buffer';
import { ApiError } from '@poc-tracker/contracts';
import type { FastifyRequest } from 'fastify';

/** The parameter charset of a media type. It may be repeated: another parser may use any of them. */
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/gi;

/**
 * A body as text.
 * @throws ApiError UNSUPPORTED_MEDIA_TYPE for another charset than UTF-8, which a proxy in front may have read instead.
 * @throws ApiError VALIDATION_ERROR for bytes that are not UTF-8. Decoding would replace them, and make different texts equal.
 */
export function readUtf8(request: FastifyRequest, body: Buffer): string {
  const charsets = (request.headers['content-type'] ?? '').matchAll(CHARSET);
  for (const [, charset] of charsets) {
    if (charset?.toLowerCase() !== 'utf-8')
      throw new ApiError('UNSUPPORTED_MEDIA_TYPE', { message: 'The body must be in UTF-8.' });
  }
  if (!isUtf8(body)) throw ApiError.validation({ field: 'body', message: 'must be in UTF-8' });
  return body.toString('utf8');
}
