import { randomUUID } from 'node:crypto';
import { type FeedTransport, type FeedListener, Timestamp } from '@poc-tracker/auth-kit';
import type { FeedAnswer } from './feed.connection.js';
import { type FeedLine, formatLine, parseLine } from './feed-message.js';
import type { PostgresFeedTransport } from './postgres-feed.transport.js';
import type { RedisLink } from './redis-link.js';

/** Between two beats of a process. */
const BEAT_EVERY_MS = 15;

/** Between two questions of the leader: with two beats, its own and a reader's, a line is 50 ms old when the next one comes. */
export const LEADER_POLL_EVERY_MS = 20;

/** While the lines keep the memory younger than this, PostgreSQL is left in peace; the rest of the 100 ms is for the question. */
const REST_AGE_MS = 70;

/**
 * Brings revocations through Redis, so that one process asks PostgreSQL for all: the leader publishes what it is
 * answered, the others read. Lines are believed as far as they prove themselves: each follows the one before, and each
 * is as young as the ticket that it carries. Whoever misses a line, or finds the lines too old, asks PostgreSQL itself
 * from where it stands.
 */
export class RedisFeedTransport implements FeedTransport {
  private listener: FeedListener | undefined;
  private timer: NodeJS.Timeout | undefined;
  private leads = false;
  /** Of the lines that are read, or written while this process leads. */
  private epoch: string | undefined;
  private n = 0;
  /** Since when lines are missing; the next answer to a question asked after it closes the gap. */
  private gapSince: Timestamp | undefined = Timestamp.now();
  private linesAsOf: Timestamp | undefined;

  constructor(
    private readonly postgres: PostgresFeedTransport,
    private readonly link: RedisLink,
  ) {
    postgres.onAnswer = (answer) => this.onAnswer(answer);
  }

  get connected(): boolean {
    return this.postgres.connected || this.postgres.resting;
  }

  start(listener: FeedListener): void {
    this.listener = listener;
    this.postgres.start(listener);
    this.link.start((text) => this.onLine(text));
    this.timer = setInterval(() => this.tick(), BEAT_EVERY_MS);
  }

  /** A question of its own, whoever leads: lines are never asked for. */
  poll(): void {
    this.postgres.poll();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.link.stop();
    await this.postgres.stop();
  }

  private tick(): void {
    void this.beat();
    const rests =
      !this.leads &&
      this.gapSince === undefined &&
      this.linesAsOf !== undefined &&
      this.linesAsOf.age <= REST_AGE_MS;
    if (this.postgres.resting && !rests) this.postgres.poll();
    this.postgres.resting = rests;
  }

  private async beat(line?: string): Promise<void> {
    const leads = await this.link.beat(this.postgres.connected, line);
    if (leads === this.leads) return;
    this.leads = leads;
    this.startOver();
    this.postgres.resting = false;
    this.postgres.poll();
  }

  /** Nothing that was read or written so far can be continued. */
  private startOver(): void {
    this.epoch = this.leads ? randomUUID() : undefined;
    this.n = 0;
    this.linesAsOf = undefined;
    this.gapSince = Timestamp.now();
  }

  private onAnswer({ askedAt, complete, events }: FeedAnswer): void {
    if (this.gapSince !== undefined && !askedAt.isBefore(this.gapSince)) this.gapSince = undefined;
    if (!this.leads || this.epoch === undefined) return;
    // What the others missed with it they must ask for themselves.
    if (!complete) this.startOver();
    // Counted although it may not be published: whoever reads the next line must see that one is missing.
    this.n += 1;
    const ticket = this.link.tickets.heldBefore(askedAt);
    if (ticket === undefined) return;
    void this.beat(formatLine({ epoch: this.epoch, n: this.n, ticket, events }));
  }

  private onLine(text: string): void {
    const line = parseLine(text);
    if (line === undefined || this.leads) return;
    const follows = line.epoch === this.epoch && line.n === this.n + 1;
    this.epoch = line.epoch;
    this.n = line.n;
    if (!follows) {
      this.gapSince = Timestamp.now();
      this.postgres.resting = false;
      this.postgres.poll();
    }
    this.listener?.tell(line.events, this.asOf(line));
  }

  /** As of when the lines up to this one are all that there is; undefined while one is missing. */
  private asOf({ ticket }: FeedLine): Timestamp | undefined {
    if (this.gapSince !== undefined) return undefined;
    const moment = this.link.tickets.momentBefore(ticket);
    if (moment === undefined) return undefined;
    this.linesAsOf = moment;
    return moment;
  }
}
