import type { Readable } from 'node:stream';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { type Principal, SessionStatusService, toSessionClaims } from '@poc-tracker/auth-kit';
import { ApiError, type Feature } from '@poc-tracker/contracts';
import { PocService } from '../pocs/poc.service.js';
import { EventStream } from './event-stream.js';
import { type PocChange, PocChangeListener } from './poc-change.listener.js';

const LIVE_EVENTS: Feature = 'real_time_dojos';

/** How late a stream ends after its session has; what it is worth is in memory, so that looking costs nothing. */
const CHECK_MS = 100;

const BEAT_MS = 15_000;

/** Streams that one person may have open: each holds a connection. */
const MAX_STREAMS = 10;

interface Subscription {
  person: Principal;
  pocId: string;
  stream: EventStream;
  checking: boolean;
  /** Settles when all that was to be told so far has been told or refused. */
  told: Promise<void>;
}

/** Tells clients of the changes of a POC while they may read it. */
@Injectable()
export class PocEventsService implements OnModuleDestroy {
  private readonly subscriptions = new Set<Subscription>();
  /** Those that are on their way into the set: they need the listener as well. */
  private arriving = 0;
  private checks: NodeJS.Timeout | undefined;
  private beats: NodeJS.Timeout | undefined;

  constructor(
    private readonly pocs: PocService,
    private readonly listener: PocChangeListener,
    private readonly sessionStatus: SessionStatusService,
  ) {}

  /** @throws ApiError NOT_FOUND, RATE_LIMIT_EXCEEDED. */
  async subscribe(person: Principal, pocId: string): Promise<Readable> {
    this.arriving += 1;
    try {
      // Listening comes first: what changes after the look is told.
      await this.listener.start({
        changed: (change) => this.tell(change),
        missed: () => this.tellAllToReadAnew(),
      });
      await this.pocs.asPrincipal(person, () => this.pocs.read(pocId));
      return this.open(person, pocId);
    } finally {
      this.arriving -= 1;
      this.restWhenAlone();
    }
  }

  /** Before the server waits for its connections to end. */
  onModuleDestroy(): void {
    for (const { stream } of this.subscriptions) stream.end();
    this.stopTimers();
  }

  /** Counts and adds without a pause in between, so that any number of requests at once count each other. */
  private open(person: Principal, pocId: string): Readable {
    const open = [...this.subscriptions].filter((known) => known.person.userId === person.userId);
    if (open.length >= MAX_STREAMS)
      throw new ApiError('RATE_LIMIT_EXCEEDED', { retryAfter: BEAT_MS / 1_000 });
    const subscription: Subscription = {
      person,
      pocId,
      checking: false,
      told: Promise.resolve(),
      stream: new EventStream(() => this.remove(subscription)),
    };
    this.subscriptions.add(subscription);
    this.checks ??= setInterval(() => this.checkAll(), CHECK_MS);
    this.beats ??= setInterval(() => this.beatAll(), BEAT_MS);
    return subscription.stream.body;
  }

  private tell({ tenantId, pocId, event, subjectId }: PocChange): void {
    for (const subscription of this.subscriptions) {
      if (subscription.pocId !== pocId || subscription.person.tenantId !== tenantId) continue;
      subscription.told = subscription.told.then(async () => {
        // An event is an answer like any other: not for a token that would be refused by now.
        await this.check(subscription);
        subscription.stream.send(event, { pocId, subjectId });
        if (event === 'poc.deleted') subscription.stream.end();
      });
    }
  }

  private tellAllToReadAnew(): void {
    for (const { stream, pocId } of this.subscriptions) stream.send('resync', { pocId });
  }

  private beatAll(): void {
    for (const { stream } of this.subscriptions) stream.beat();
  }

  private checkAll(): void {
    for (const subscription of this.subscriptions) {
      if (!subscription.checking) void this.check(subscription);
    }
  }

  /** Ends the stream of a token that would be refused by now. */
  private async check(subscription: Subscription): Promise<void> {
    subscription.checking = true;
    const { person, stream } = subscription;
    try {
      if (person.tokenExpiresAt * 1_000 <= Date.now()) throw new ApiError('INVALID_TOKEN');
      const { tenant } = await this.sessionStatus.currentRights(toSessionClaims(person));
      if (!tenant.features[LIVE_EVENTS]) throw new ApiError('FEATURE_NOT_AVAILABLE');
    } catch (error) {
      stream.send('closed', { code: error instanceof ApiError ? error.code : 'INTERNAL_ERROR' });
      stream.end();
    } finally {
      subscription.checking = false;
    }
  }

  private remove(subscription: Subscription): void {
    this.subscriptions.delete(subscription);
    this.restWhenAlone();
  }

  private restWhenAlone(): void {
    if (this.subscriptions.size + this.arriving > 0) return;
    this.stopTimers();
    void this.listener.stop();
  }

  private stopTimers(): void {
    clearInterval(this.checks);
    clearInterval(this.beats);
    this.checks = undefined;
    this.beats = undefined;
  }
}
