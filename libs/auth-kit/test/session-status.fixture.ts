import { randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import type {
  FeedSubscriber,
  FeedTransport,
  RevocationKind,
} from '../src/revocation/revocation-feed.js';
import { Timestamp } from '../src/revocation/timestamp.js';
import type {
  CurrentRights,
  SessionClaims,
  SessionStatus,
  SessionStatusSource,
} from '../src/session-status/session-status.js';
import type { SessionStatusService } from '../src/session-status/session-status.service.js';
import { TENANT } from './token-forge.js';

export const ACTIVE: SessionStatus = {
  sessionActive: true,
  sessionExpiresAt: Date.now() + 3_600_000,
  sessionExpiresInMs: 3_600_000,
  userStatus: 'active',
  role: 'user',
  permissions: ['view_usage'],
  factors: [],
  factorDue: null,
  tenant: { ...TENANT },
};

/** A transport whose events the test delivers itself. */
export class FakeTransport implements FeedTransport {
  connected = true;
  polls = 0;
  stopped = false;
  private subscriber: FeedSubscriber | undefined;

  start(subscriber: FeedSubscriber): void {
    this.subscriber = subscriber;
  }

  poll(): void {
    this.polls += 1;
  }

  stop(): Promise<void> {
    this.stopped = true;
    return Promise.resolve();
  }

  /** Delivers an event or none, as the result of a poll that was sent now unless stated otherwise. */
  deliver(kind?: RevocationKind, id = '', asOf: Timestamp | undefined = Timestamp.now()): void {
    const events = kind === undefined ? [] : [{ kind, tenantId: TENANT.id, id }];
    this.subscriber?.onEvents(events, asOf);
  }

  gap(): void {
    this.subscriber?.onGap();
  }
}

/** A source that returns `status`; once `pending` is set, only when the test calls its functions. */
export class FakeSource implements SessionStatusSource {
  readonly queries: SessionClaims[] = [];
  status: SessionStatus | undefined = ACTIVE;
  pending: (() => void)[] | undefined;
  failure: Error | undefined;

  fetch(claims: SessionClaims): Promise<SessionStatus | undefined> {
    this.queries.push(claims);
    if (this.failure) return Promise.reject(this.failure);
    const { status, pending } = this;
    if (pending === undefined) return Promise.resolve(status);
    return new Promise((resolve) => pending.push(() => resolve(status)));
  }
}

export function claimsOf(sessionId: string = randomUUID()): SessionClaims {
  return { tenant_id: TENANT.id, sub: randomUUID(), session_id: sessionId };
}

/** The current rights, or a rejection even if the service throws synchronously. */
export const rightsOf = async (
  service: SessionStatusService,
  claims: SessionClaims,
): Promise<CurrentRights> => service.currentRights(claims);

export const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;

/** Advances both clocks of the process, and runs the timers that are due. */
export const pass = (milliseconds: number): Promise<unknown> =>
  vi.advanceTimersByTimeAsync(milliseconds);
