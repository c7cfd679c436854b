import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { IncomingMessage } from 'node:http';
import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance } from 'fastify';
import { closeFurtherSockets } from './listen.js';

/**
 * Turns of the event loop without a new connection or request, after which the kernel holds none either. Time alone does not
 * show it: after a stall of the process the time is over, and what was sent meanwhile is still unread.
 */
const QUIET_TURNS = 3;

/** Clients that never pause do not delay the shutdown for longer. */
const MAX_WAIT = { turns: 100, ms: 1_000 };

/** Added to the request timeout, for the last response to be sent. */
const RESPONSE_GRACE_MS = 1_000;

export interface GracefulCloseOptions {
  /** Milliseconds for which requests are still accepted, until load balancers have noticed. */
  shutdownDelayMs: number;
  /** The longest time that a handler may take. */
  requestTimeoutMs: number;
}

/**
 * Makes `close()` lose no request and end within a bounded time. First, requests and connections are accepted as before, but
 * each response closes its connection, so that clients open none here again. Then new connections are refused, requests
 * on open connections get 503, and connections that are open after the request timeout are destroyed.
 */
export function registerGracefulClose(
  fastify: FastifyInstance,
  { shutdownDelayMs, requestTimeoutMs }: GracefulCloseOptions,
): void {
  let leaving = false;
  let closing = false;
  let arrivals = 0;
  let deadline: NodeJS.Timeout | undefined;
  let ended: Promise<void> | undefined;
  /** Requests that arrived while they were accepted. They may start later, when it is their turn. */
  const accepted = new WeakSet<IncomingMessage>();
  const countArrival = (): void => void (arrivals += 1);
  fastify.server.on('connection', countArrival);
  fastify.server.prependListener('request', (request) => {
    countArrival();
    if (!closing) accepted.add(request);
  });
  // A request may have waited for its turn since its headers were read.
  fastify.addHook('onRequest', (_request, _reply, done) => {
    countArrival();
    done();
  });
  fastify.addHook('preClose', async () => {
    leaving = true;
    await delay(shutdownDelayMs);
    await quietTurns(() => arrivals);
    closing = true;
    ended = closeFurtherSockets(fastify.server);
    deadline = setTimeout(() => {
      fastify.server.closeAllConnections();
    }, requestTimeoutMs + RESPONSE_GRACE_MS);
  });
  fastify.addHook('onClose', async () => {
    await ended;
    clearTimeout(deadline);
  });
  fastify.addHook('onRequest', ({ raw }, _reply, done) => {
    done(
      closing && !accepted.has(raw)
        ? new ApiError('SERVICE_UNAVAILABLE', { retryAfter: 1 })
        : undefined,
    );
  });
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (leaving) void reply.header('connection', 'close');
    done();
  });
}

/** Resolves after {@link QUIET_TURNS}, or {@link MAX_WAIT}. */
async function quietTurns(arrivals: () => number): Promise<void> {
  const started = performance.now();
  let quiet = 0;
  for (let turn = 0; quiet < QUIET_TURNS; turn += 1) {
    if (turn >= MAX_WAIT.turns && performance.now() - started >= MAX_WAIT.ms) return;
    const before = arrivals();
    await nextTurn();
    quiet = arrivals() === before ? quiet + 1 : 0;
  }
}
