import type { FastifyInstance } from 'fastify';

/**
 * Logs one line per request. `status` is null if the client closed the connection before the response. The line has the
 * pattern of the route instead of the URL, which may contain ids, tenants and other data of the client (ASVS 14.2.1).
 */
export function logRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    // The onResponse hook does not run if the client closes the connection first.
    reply.raw.once('close', () => {
      request.log.info(
        {
          method: request.method,
          route: request.routeOptions.url ?? null,
          status: reply.raw.writableEnded ? reply.statusCode : null,
          ms: Math.round(reply.elapsedTime * 10) / 10,
        },
        'request',
      );
    });
    done();
  });
}
