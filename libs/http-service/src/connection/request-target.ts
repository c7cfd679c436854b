import type { IncomingMessage } from 'node:http';
import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance } from 'fastify';

/**
 * Refuses a request that does not say clearly for which host it is: HTTP/1.1 without a Host header, or a target that is a
 * whole URL of another host, or of a user at a host (RFC 9110, 4.2.4). The target takes precedence (RFC 9112, 3.2.2), but a
 * proxy in front may have routed or authorized the request by the header.
 */
export function refuseUnclearHosts(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ raw }, _reply, done) => {
    if (raw.headers.host === undefined && raw.httpVersion === '1.1') done(refusal('is missing'));
    else if (hasUserInfo(raw.url))
      done(refusal('must not follow a user name in the request target'));
    else if (namesAnotherHost(raw)) done(refusal('must be the host of the request target'));
    else done();
  });
}

function refusal(message: string): ApiError {
  return ApiError.validation({ field: 'host', message });
}

function hasUserInfo(url = ''): boolean {
  const [, authority = ''] = /^[^/?#]+:\/\/([^/?#]*)/.exec(url) ?? [];
  return authority.includes('@');
}

function namesAnotherHost({ url = '', headers: { host = '' } }: IncomingMessage): boolean {
  if (url.startsWith('/') || url === '*') return false;
  const target = URL.canParse(url) ? new URL(url) : undefined;
  const named = `${target?.protocol ?? ''}//${host}`;
  return target === undefined || !URL.canParse(named) || new URL(named).host !== target.host;
}
