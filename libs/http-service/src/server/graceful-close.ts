import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance } from 'fastify';

/**
 * Milliseconds for which a stopping service goes on as before: a request that was sent before the signal may still lie
 * unread in its connection, and closing that connection as idle would lose it.
 */
const READ_ON_MS = 200;

/** Added to the longest time that a request may take, for its answer to leave. */
const ANSWER_GRACE_MS = 1_000;

/**
 * Makes `close()` finish what is in flight, in bounded time: no new connection is taken, requests on open connections
 * are sent away with 503, each answer closes its connection, and what is still open when every request must have ended
 * is cut.
 * @param requestTimeoutMs the longest time that a handler may take.
 */
export function registerGracefulClose(fastify: FastifyInstance, requestTimeoutMs: number): void {
  let closing = false;
  let deadline: NodeJS.Timeout | undefined;
  fastify.addHook('preClose', async () => {
    await delay(READ_ON_MS);
    closing = true;
    deadline = setTimeout(() => {
      fastify.server.closeAllConnections();
    }, requestTimeoutMs + ANSWER_GRACE_MS);
  });
  fastify.addHook('onClose', (_instance, done) => {
    clearTimeout(deadline);
    done();
  });
  fastify.addHook('onRequest', (_request, _reply, done) => {
    done(closing ? new ApiError('SERVICE_UNAVAILABLE', { retryAfter: 1 }) : undefined);
  });
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    // Node keeps a connection that was busy when the server closed open until it times out for idleness.
    if (closing) void reply.header('connection', 'close');
    done();
  });
}
