import type { IncomingMessage } from 'node:http';
import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance } from 'fastify';

/**
 * Refuses a request whose target is a whole URL of another host than its Host header. The target takes precedence (RFC 9112,
 * 3.2.2), but a proxy in front may have routed or authorized the request by the header.
 */
export function refuseForeignTargets(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const message = 'must be the host of the request target';
    done(isForeign(request.raw) ? ApiError.validation({ field: 'host', message }) : undefined);
  });
}

function isForeign({ url = '', headers: { host = '' } }: IncomingMessage): boolean {
  if (url.startsWith('/') || url === '*') return false;
  const target = URL.canParse(url) ? new URL(url) : undefined;
  const named = `${target?.protocol ?? ''}//${host}`;
  return target === undefined || !URL.canParse(named) || new URL(named).host !== target.host;
}
