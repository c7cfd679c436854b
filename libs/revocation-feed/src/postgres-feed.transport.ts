import { Logger } from '@nestjs/common';
import { type FeedSubscriber, type FeedTransport, Timestamp } from '@poc-tracker/auth-kit';
import { asSentence } from './as-sentence.js';
import {
  type FeedConnectionOptions,
  type FeedCursor,
  type FeedSource,
  type PollResult,
  PostgresFeedConnection,
} from './postgres-feed.connection.js';

/** With the response time it stays well below the 100 ms that cached values may be old. */
const POLL_EVERY_MS = 30;

/** A slow response must not delay the next poll. */
const MAX_IN_FLIGHT = 3;

/** PostgreSQL keeps events for 20 minutes. A cursor that was not used for this long is discarded. */
const CURSOR_LIFE_MS = 15 * 60 * 1000;

/** Polls while idle detect a dead connection, and bound how long forged messages of Redis could hide an event. */
const IDLE_POLL_EVERY_MS = 2_000;

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;

export interface PostgresFeedOptions extends FeedConnectionOptions {
  pollEveryMs?: number;
}

/**
 * Delivers revocations from PostgreSQL. Correctness comes from polling every 30 ms; the notification of a commit only
 * makes the next poll start at once.
 */
export class PostgresFeedTransport implements FeedTransport {
  private readonly logger = new Logger(PostgresFeedTransport.name);
  private readonly pollEveryMs: number;
  private subscriber: FeedSubscriber | undefined;
  private connection: PostgresFeedConnection | undefined;
  private timer: NodeJS.Timeout | undefined;
  private retryMs = FIRST_RETRY_MS;
  private warned = false;
  private toldOfPooler = false;
  private stopped = false;
  private inFlight = 0;
  private pollAgain = false;
  private lastPollAt: Timestamp | undefined;
  private polledSource: FeedSource | undefined;
  private cursor: { value: FeedCursor; asOf: Timestamp } | undefined;

  /** Set to true while another transport delivers events: then it polls every two seconds only. */
  idle = false;
  /** Called with every result after the subscriber, in the order of the polls. */
  onResult: ((result: PollResult) => void) | undefined;
  /** Called when the connection is lost: the next one may lead to another server. */
  onLost: (() => void) | undefined;

  constructor(private readonly options: PostgresFeedOptions) {
    this.pollEveryMs = options.pollEveryMs ?? POLL_EVERY_MS;
  }

  get connected(): boolean {
    return this.connection !== undefined;
  }

  /** Of the latest poll on the current connection: the next one may lead to another server. */
  get source(): FeedSource | undefined {
    return this.polledSource;
  }

  start(subscriber: FeedSubscriber): void {
    this.subscriber = subscriber;
    void this.connect();
  }

  poll(): void {
    if (this.connection === undefined) return;
    // Every result of a poll without a cursor is a gap, and one gap is enough.
    const limit = this.usableCursor() === undefined ? 1 : MAX_IN_FLIGHT;
    if (this.inFlight >= limit) this.pollAgain = true;
    else void this.send(this.connection);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { connection } = this;
    this.connection = undefined;
    await connection?.close();
  }

  private async connect(): Promise<void> {
    try {
      const connection = await PostgresFeedConnection.open(this.options, {
        onNotification: () => {
          if (!this.idle) this.poll();
        },
        // Not logged: the next connection usually succeeds, and the database may stop together with this process.
        onLost: () => this.reconnect(),
      });
      if (this.stopped) {
        await connection.close();
        return;
      }
      this.connection = connection;
      this.inFlight = 0;
      if (this.warned) this.logger.log('The revocation feed is connected again.');
      if (!connection.notifies) this.tellOfPooler();
      this.warned = false;
      this.poll();
      this.schedule();
    } catch (error) {
      if (!this.stopped) this.warnOnce(error as Error);
      this.reconnect();
    }
  }

  private warnOnce(error: Error): void {
    if (!this.warned) {
      this.logger.warn(
        `The revocation feed cannot reach the database: ${asSentence(error.message)} ` +
          "Until it can, every request queries its session's status.",
      );
    }
    this.warned = true;
  }

  private reconnect(): void {
    if (this.stopped) return;
    this.connection = undefined;
    this.polledSource = undefined;
    this.onLost?.();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect(), this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, LAST_RETRY_MS);
  }

  /** Once, because a pooler may close the connection again and again. */
  private tellOfPooler(): void {
    if (this.toldOfPooler) return;
    this.toldOfPooler = true;
    this.logger.log(
      'The revocation feed reaches the database through a connection pooler, which delivers no notifications. ' +
        `It polls every ${this.pollEveryMs} ms.`,
    );
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      if (!this.idle || (this.lastPollAt?.age ?? Infinity) >= IDLE_POLL_EVERY_MS) this.poll();
      this.schedule();
    }, this.pollEveryMs);
  }

  private async send(connection: PostgresFeedConnection): Promise<void> {
    this.lastPollAt = Timestamp.now();
    this.inFlight += 1;
    try {
      const result = await connection.poll(this.usableCursor());
      if (connection !== this.connection) return;
      this.inFlight -= 1;
      this.handle(result);
    } catch {
      // onLost has been called, and reconnects.
    }
  }

  private handle(result: PollResult): void {
    this.retryMs = FIRST_RETRY_MS;
    this.cursor = { value: result.cursor, asOf: result.sentAt };
    this.polledSource = result.source;
    if (!result.complete) this.subscriber?.onGap();
    this.subscriber?.onEvents(result.events, result.sentAt);
    this.onResult?.(result);
    if (!this.pollAgain) return;
    this.pollAgain = false;
    this.poll();
  }

  private usableCursor(): FeedCursor | undefined {
    return this.cursor !== undefined && this.cursor.asOf.age < CURSOR_LIFE_MS
      ? this.cursor.value
      : undefined;
  }
}
