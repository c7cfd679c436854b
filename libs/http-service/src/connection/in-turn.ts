import type { IncomingHttpHeaders, IncomingMessage, RequestListener } from 'node:http';
import type { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance } from 'fastify';
import { clientOf, type ProxyTrust } from './client-address.js';

/** Decides when each request starts, so that the many of one client do not delay those of others. */
export interface RequestTurns {
  /** @param start called once, with an error if the request is refused; not at all if the request is abandoned */
  enter(
    request: {
      client: () => string;
      url: string;
      headers: IncomingHttpHeaders;
      /** Whether the client has closed the connection. */
      isAbandoned: () => boolean;
    },
    start: (refusal?: ApiError) => void,
  ): void;
}

/** The requests that got no turn. */
const refusals = new WeakMap<IncomingMessage, ApiError>();

/**
 * Lets requests wait for their turn before anything but their headers is read, so that a waiting request costs hardly more than
 * these.
 */
export function inTurn(
  handle: RequestListener,
  turns: RequestTurns | undefined,
  isTrusted: ProxyTrust,
): RequestListener {
  if (turns === undefined) return handle;
  return (request, response) => {
    const { headers, socket, url = '' } = request;
    const arrived = {
      client: () => clientOf(request, isTrusted),
      url,
      headers,
      isAbandoned: () => socket.destroyed,
    };
    turns.enter(arrived, (refusal) => {
      if (refusal !== undefined) refusals.set(request, refusal);
      handle(request, response);
    });
  };
}

/** Answers the requests that got no turn, in the error format of the API. */
export function refuseWithoutTurn(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ raw }, _reply, done) => {
    done(refusals.get(raw));
  });
}
