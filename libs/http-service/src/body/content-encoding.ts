import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance } from 'fastify';

/**
 * Refuses compressed bodies with 415 and Accept-Encoding (RFC 9110, 15.5.16). They would be read as if they were plain, and
 * decompression would need limits of its own.
 */
export function refuseEncodedBodies(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? '';
    if (encoding === '' || encoding === 'identity') {
      done(null, payload);
      return;
    }
    void reply.header('accept-encoding', 'identity');
    const message = 'The body must be sent without Content-Encoding, such as gzip.';
    done(new ApiError('UNSUPPORTED_MEDIA_TYPE', { message }));
  });
}
