import { Logger } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { clientOf, runOutsideRequest } from '@poc-tracker/tenancy';
import type { ErrorBody } from '@poc-tracker/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { SecurityEvents } from './security-events.js';

const MINUTE_MS = 60_000;

/** Sessions times codes that one process keeps apart in a minute; beyond it, refusals go unrecorded until the next. */
const CAPACITY = 10_000;

/**
 * Which refusals are worth an entry: of one session, one of a code a minute. A client that tries every route would
 * otherwise write the disk full and bury what matters; that it was refused, and from where, takes one entry.
 */
class RefusalSieve {
  private minute = 0;
  private readonly seen = new Set<string>();

  admits(sessionId: string, code: string, nowMs: number): boolean {
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute !== this.minute) {
      this.minute = minute;
      this.seen.clear();
    }
    const key = `${sessionId} ${code}`;
    if (this.seen.has(key) || this.seen.size >= CAPACITY) return false;
    this.seen.add(key);
    return true;
  }
}

/**
 * Records every 403 that a signed-in person is answered, whichever guard or service gave it, before it is sent. Should
 * that fail, the log tells so and the answer stays what it was.
 */
export function registerRefusedAccess(
  fastify: Pick<FastifyInstance, 'addHook'>,
  events: Pick<SecurityEvents, 'recordApart'>,
  now: () => number = Date.now,
): void {
  const logger = new Logger('RefusedAccess');
  const sieve = new RefusalSieve();
  const record = async (request: FastifyRequest, principal: Principal, code: string) => {
    const { tenantId, sessionId, userId } = principal;
    const event = {
      type: 'access.refused',
      result: 'failure',
      actorId: userId,
      target: { type: 'route', id: routeOf(request) },
      details: { code, method: request.method, sessionId },
    } as const;
    const origin = { requestId: request.id, client: clientOf(request), actorId: userId };
    try {
      // The request's own transaction has ended by now, and its context takes no other one.
      await runOutsideRequest(() => events.recordApart(tenantId, event, origin));
    } catch (error) {
      logger.warn(`A refusal could not be recorded: ${String(error)}`);
    }
  };
  // With a callback, because a promise would cost every request that is not refused.
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const { principal } = request;
    if (reply.statusCode !== 403 || principal === undefined) {
      done();
      return;
    }
    const code = codeOf(payload);
    if (sieve.admits(principal.sessionId, code, now()))
      void record(request, principal, code).then(() => done());
    else done();
  });
}

/** The route's pattern, not the path: that may hold anything. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? '';
}

function codeOf(payload: unknown): string {
  if (typeof payload !== 'string') return '';
  try {
    return (JSON.parse(payload) as Partial<ErrorBody>).code ?? '';
  } catch {
    return '';
  }
}
