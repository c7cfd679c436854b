import type { Readable } from 'node:stream';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { type Principal, SessionStatusService, toSessionClaims } from '@poc-tracker/auth-kit';
import { ApiError, type Feature } from '@poc-tracker/contracts';
import { type FreeSlot, Slots } from '@poc-tracker/http-service';
import { PocService } from '../pocs/poc.service.js';
import { EventStream } from './event-stream.js';
import { type PocChange, PocChangeListener } from './poc-change.listener.js';

const LIVE_EVENTS: Feature = 'real_time_dojos';

/** Maximum delay until a stream is closed after its session has ended. The session status is cached, so checks are cheap. */
const CHECK_MS = 100;

const HEARTBEAT_MS = 15_000;

/** Streams at once: each uses a connection of the server, and is written to by every event of its POC. */
const MAX_STREAMS = {
  total: 1_000,
  each: { user: 10, tenant: 200 },
  retryAfter: HEARTBEAT_MS / 1_000,
};

interface Subscription {
  principal: Principal;
  pocId: string;
  stream: EventStream;
  checking: boolean;
  /** Settles when all events so far have been sent or dropped. */
  sent: Promise<void>;
}

/** Sends events of a POC to subscribed clients while they may read it. */
@Injectable()
export class PocEventsService implements OnModuleDestroy {
  private readonly subscriptions = new Set<Subscription>();
  private readonly slots = new Slots(MAX_STREAMS);
  /** Number of subscriptions that are being opened. They need the listener as well. */
  private opening = 0;
  private checks: NodeJS.Timeout | undefined;
  private heartbeats: NodeJS.Timeout | undefined;
  private stopping = false;

  constructor(
    private readonly pocs: PocService,
    private readonly listener: PocChangeListener,
    private readonly sessionStatus: SessionStatusService,
  ) {}

  /** @throws ApiError NOT_FOUND, RATE_LIMIT_EXCEEDED, SERVICE_BUSY, SERVICE_UNAVAILABLE during shutdown. */
  async subscribe(principal: Principal, pocId: string): Promise<Readable> {
    // First, so that refused requests cost no look-up.
    const free = this.slots.take({ user: principal.userId, tenant: principal.tenantId });
    this.opening += 1;
    try {
      // The listener starts before the POC is read, so that no change in between is missed.
      await this.listener.start({
        changed: (change) => this.dispatch(change),
        missed: () => this.sendResync(),
      });
      await this.pocs.asPrincipal(principal, () => this.pocs.get(pocId));
      return this.open(principal, pocId, free);
    } catch (error) {
      free();
      throw error;
    } finally {
      this.opening -= 1;
      this.stopWhenUnused();
    }
  }

  /** Runs before the server waits for open connections. Clients reconnect to another process. */
  onModuleDestroy(): void {
    this.stopping = true;
    for (const { stream } of this.subscriptions) stream.end();
    this.stopTimers();
  }

  private open(principal: Principal, pocId: string, free: FreeSlot): Readable {
    if (this.stopping) throw new ApiError('SERVICE_UNAVAILABLE', { retryAfter: 1 });
    const subscription: Subscription = {
      principal,
      pocId,
      checking: false,
      sent: Promise.resolve(),
      stream: new EventStream(() => {
        free();
        this.remove(subscription);
      }),
    };
    this.subscriptions.add(subscription);
    this.checks ??= setInterval(() => this.checkAll(), CHECK_MS);
    this.heartbeats ??= setInterval(() => this.sendHeartbeats(), HEARTBEAT_MS);
    return subscription.stream.body;
  }

  private dispatch({ tenantId, pocId, event, subjectId }: PocChange): void {
    for (const subscription of this.subscriptions) {
      if (subscription.pocId !== pocId || subscription.principal.tenantId !== tenantId) continue;
      subscription.sent = subscription.sent.then(async () => {
        // An event is a response like any other: it must not be sent for a revoked or expired token.
        await this.check(subscription);
        subscription.stream.send(event, { pocId, subjectId });
        if (event === 'poc.deleted') subscription.stream.end();
      });
    }
  }

  private sendResync(): void {
    for (const { stream, pocId } of this.subscriptions) stream.send('resync', { pocId });
  }

  private sendHeartbeats(): void {
    for (const { stream } of this.subscriptions) stream.heartbeat();
  }

  private checkAll(): void {
    for (const subscription of this.subscriptions) {
      if (!subscription.checking) void this.check(subscription);
    }
  }

  /** Closes the stream if the token is no longer valid. */
  private async check(subscription: Subscription): Promise<void> {
    subscription.checking = true;
    const { principal, stream } = subscription;
    try {
      if (principal.tokenExpiresAt * 1_000 <= Date.now()) throw new ApiError('INVALID_TOKEN');
      const { tenant } = await this.sessionStatus.currentRights(toSessionClaims(principal));
      if (!tenant.features[LIVE_EVENTS]) throw ApiError.featureNotAvailable(LIVE_EVENTS);
    } catch (error) {
      stream.send('closed', { code: error instanceof ApiError ? error.code : 'INTERNAL_ERROR' });
      stream.end();
    } finally {
      subscription.checking = false;
    }
  }

  private remove(subscription: Subscription): void {
    this.subscriptions.delete(subscription);
    this.stopWhenUnused();
  }

  private stopWhenUnused(): void {
    if (this.subscriptions.size + this.opening > 0) return;
    this.stopTimers();
    void this.listener.stop();
  }

  private stopTimers(): void {
    clearInterval(this.checks);
    clearInterval(this.heartbeats);
    this.checks = undefined;
    this.heartbeats = undefined;
  }
}
