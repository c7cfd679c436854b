import type { FastifyInstance } from 'fastify';

/**
 * One line for every request, whether it was answered or the client hung up first (`status` is then null). It names the
 * route's pattern, never the address itself: ids, tenants and whatever else a client puts into a URL stay out of the log
 * (ASVS 14.2.1).
 */
export function logRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    // Not the onResponse hook: it does not run for a client that hangs up.
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
