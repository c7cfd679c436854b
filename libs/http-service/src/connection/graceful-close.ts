import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance } from 'fastify';

/**
 * Milliseconds for which a stopping service continues to accept requests: one that was sent before the signal may still be
 * unread in its connection, and closing that connection as idle would lose it.
 */
const DRAIN_MS = 200;

/** Added to the request timeout, for the last response to be sent. */
const RESPONSE_GRACE_MS = 1_000;

/**
 * Makes `close()` finish the requests in flight within a bounded time. New connections are refused, requests on open
 * connections get 503, each response closes its connection, and connections that are open after the request timeout are
 * destroyed.
 * @param requestTimeoutMs the longest time that a handler may take.
 */
export function registerGracefulClose(fastify: FastifyInstance, requestTimeoutMs: number): void {
  let closing = false;
  let deadline: NodeJS.Timeout | undefined;
  fastify.addHook('preClose', async () => {
    await delay(DRAIN_MS);
    closing = true;
    deadline = setTimeout(() => {
      fastify.server.closeAllConnections();
    }, requestTimeoutMs + RESPONSE_GRACE_MS);
  });
  fastify.addHook('onClose', (_instance, done) => {
    clearTimeout(deadline);
    done();
  });
  fastify.addHook('onRequest', (_request, _reply, done) => {
    done(closing ? new ApiError('SERVICE_UNAVAILABLE', { retryAfter: 1 }) : undefined);
  });
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    // Otherwise Node keeps a connection that was busy when the server closed open until its idle timeout.
    if (closing) void reply.header('connection', 'close');
    done();
  });
}
