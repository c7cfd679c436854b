import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { RouteOption } from './route-option.js';

interface EndlessResponseConfig {
  endlessResponse?: boolean;
}

/**
 * Declares that the response of a GET route is a stream without an end of its own. HEAD is then not supported: it would
 * open a stream that no client reads, and respond when that ends.
 */
export function EndlessResponse(): MethodDecorator {
  return RouteOption({ endlessResponse: true } satisfies EndlessResponseConfig);
}

/** True for the HEAD route that Fastify adds to every GET route, if it would respond without an end. */
export function isEndlessHead({
  method,
  config,
}: Pick<RouteOptions, 'method' | 'config'>): boolean {
  return (
    method === 'HEAD' && (config as EndlessResponseConfig | undefined)?.endlessResponse === true
  );
}

/** Responds to HEAD on `@EndlessResponse()` routes with 405. */
export function refuseEndlessHeads(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (!isEndlessHead(route)) return;
    route.handler = (_request, reply) => {
      void reply.header('allow', 'GET');
      throw new ApiError('METHOD_NOT_ALLOWED');
    };
  });
}
