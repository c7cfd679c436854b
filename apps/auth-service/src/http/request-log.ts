import type { FastifyInstance } from 'fastify';

/**
 * One line for every finished request. It names the route's pattern, never the address itself: ids, tenants and
 * whatever else a client puts into a URL stay out of the log (ASVS 14.2.1).
 */
export function logRequests(fastify: FastifyInstance): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    request.log.info(
      {
        method: request.method,
        route: request.routeOptions.url ?? null,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
      },
      'request',
    );
    done();
  });
}
