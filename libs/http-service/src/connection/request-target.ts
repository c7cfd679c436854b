import type { IncomingMessage } from 'node:http';
import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance } from 'fastify';

/** The host and port of a URI (RFC 3986, 3.2.2), without the user that precedes them: a name, an address or nothing. */
const HOST = /^(?:\[[0-9a-f:.]+\]|(?:[\w\-.~!$&'()*+,;=]|%[0-9a-f]{2})*)(?::\d*)?$/i;

/**
 * Refuses a request that does not say clearly for which host it is: HTTP/1.1 without a Host header, any with two of them or
 * with a malformed one (RFC 9112, 3.2), or a target that is a whole URL of another host, or of a user at a host (RFC 9110,
 * 4.2.4). The target takes precedence (RFC 9112, 3.2.2), but a proxy in front may have routed or authorized the request by
 * the header, or by the other one.
 */
export function refuseUnclearHosts(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ raw }, _reply, done) => {
    const message = faultOf(raw);
    if (message === undefined) done();
    else done(ApiError.validation({ field: 'host', message }));
  });
}

function faultOf(request: IncomingMessage): string | undefined {
  const { url, httpVersion, headers, rawHeaders } = request;
  const { host } = headers;
  if (host === undefined && httpVersion === '1.1') return 'is missing';
  if (countHosts(rawHeaders) > 1) return 'must not be repeated';
  if (host !== undefined && !HOST.test(host)) return 'must be a host and an optional port';
  if (hasUserInfo(url)) return 'must not follow a user name in the request target';
  return namesAnotherHost(request) ? 'must be the host of the request target' : undefined;
}

/** Node.js keeps only the first of them in the parsed headers. */
function countHosts(rawHeaders: readonly string[]): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host')
    .length;
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
