import { Logger } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { clientOf, runOutsideRequest } from '@poc-tracker/tenancy';
import type { ErrorBody } from '@poc-tracker/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { SecurityEvents } from './security-events.js';

const MINUTE_MS = 60_000;

/** Pairs of session and code per process and minute. Further refusals of that minute are not recorded. */
const CAPACITY = 10_000;

/**
 * Limits the entries to one per session, code and minute. A client that tries every route would otherwise fill the disk
 * and hide other entries.
 */
class RefusalLimit {
  private minute = 0;
  private readonly seen = new Set<string>();

  allows(sessionId: string, code: string, nowMs: number): boolean {
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
 * Records every 403 response to an authenticated request, whichever guard or service refused it, before it is sent. A
 * failure to record is logged and does not change the response.
 */
export function registerRefusedAccess(
  fastify: Pick<FastifyInstance, 'addHook'>,
  events: Pick<SecurityEvents, 'recordInOwnTransaction'>,
  now: () => number = Date.now,
): void {
  const logger = new Logger('RefusedAccess');
  const limit = new RefusalLimit();
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
      // The request's transaction has ended, and its context cannot open a second one.
      await runOutsideRequest(() => events.recordInOwnTransaction(tenantId, event, origin));
    } catch (error) {
      logger.warn(`A refused request was not recorded: ${String(error)}`);
    }
  };
  // A callback, because a promise would slow down every request that is not refused.
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const { principal } = request;
    if (reply.statusCode !== 403 || principal === undefined) {
      done();
      return;
    }
    const code = codeOf(payload);
    if (limit.allows(principal.sessionId, code, now()))
      void record(request, principal, code).then(() => done());
    else done();
  });
}

/** The route's pattern: the path itself may contain anything. */
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
