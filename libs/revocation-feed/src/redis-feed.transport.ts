import { randomUUID } from 'node:crypto';
import { type FeedSubscriber, type FeedTransport, Timestamp } from '@poc-tracker/auth-kit';
import { type FeedMessage, formatFeedMessage, parseFeedMessage } from './feed-message.js';
import type { FeedSource, PollResult } from './postgres-feed.connection.js';
import type { PostgresFeedTransport } from './postgres-feed.transport.js';
import type { RedisFeedConnection } from './redis-feed.connection.js';

const HEARTBEAT_EVERY_MS = 15;

/** With two heartbeats, the leader's and a reader's, a message is 50 ms old when the next one arrives. */
export const LEADER_POLL_EVERY_MS = 20;

/** While messages keep the cache younger than this, PostgreSQL is not polled. The rest of the 100 ms is for a poll. */
const IDLE_AGE_MS = 70;

/**
 * Delivers revocations through Redis, so that only one process polls PostgreSQL: the leader publishes its results, and the
 * others read them. A message counts only if it follows the one before, and it is as fresh as its ticket. A reader that
 * misses a message, or finds the messages too old, polls PostgreSQL itself from its own cursor.
 *
 * A message also counts only if the leader polled the same source as this process: another installation may use the same
 * Redis, and after a fail-over an old primary may still answer a leader that is connected to it.
 */
export class RedisFeedTransport implements FeedTransport {
  private subscriber: FeedSubscriber | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isLeader = false;
  /** Of the latest poll on the current connection to PostgreSQL. */
  private polledSource: FeedSource | undefined;
  /** Of the messages read, or published while this process is the leader. */
  private epoch: string | undefined;
  private sequence = 0;
  /** Since when messages are missing. The result of a poll sent after it closes the gap. */
  private gapSince: Timestamp | undefined = Timestamp.now();
  private messagesAsOf: Timestamp | undefined;

  constructor(
    private readonly postgres: PostgresFeedTransport,
    private readonly redis: RedisFeedConnection,
  ) {
    postgres.onResult = (result) => this.handleResult(result);
    postgres.onLost = () => this.follow(undefined);
  }

  get connected(): boolean {
    return this.postgres.connected || this.postgres.idle;
  }

  get source(): FeedSource | undefined {
    return this.polledSource;
  }

  start(subscriber: FeedSubscriber): void {
    this.subscriber = subscriber;
    this.postgres.start(subscriber);
    this.redis.start((text) => this.handleMessage(text));
    this.timer = setInterval(() => this.tick(), HEARTBEAT_EVERY_MS);
  }

  /** Polls PostgreSQL, leader or not: messages cannot be requested from Redis. */
  poll(): void {
    this.postgres.poll();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.redis.stop();
    await this.postgres.stop();
  }

  private tick(): void {
    void this.heartbeat();
    const idle =
      !this.isLeader &&
      this.gapSince === undefined &&
      this.messagesAsOf !== undefined &&
      this.messagesAsOf.age <= IDLE_AGE_MS;
    if (this.postgres.idle && !idle) this.postgres.poll();
    this.postgres.idle = idle;
  }

  private async heartbeat(message?: string): Promise<void> {
    const isLeader = await this.redis.heartbeat(this.postgres.connected, message);
    if (isLeader === this.isLeader) return;
    this.isLeader = isLeader;
    this.startOver();
    this.postgres.idle = false;
    this.postgres.poll();
  }

  /** Without a source no message counts, so the process polls PostgreSQL until it has one. */
  private follow(source: FeedSource | undefined): void {
    if (source === this.polledSource) return;
    this.polledSource = source;
    // Others need not wait for the lease to expire.
    if (this.isLeader) void this.redis.heartbeat(false);
    this.isLeader = false;
    this.startOver();
    this.postgres.idle = false;
    this.redis.follow(source);
  }

  /** The sequence of messages read or published so far cannot be continued. */
  private startOver(): void {
    this.epoch = this.isLeader ? randomUUID() : undefined;
    this.sequence = 0;
    this.messagesAsOf = undefined;
    this.gapSince = Timestamp.now();
  }

  private handleResult({ source, sentAt, complete, events }: PollResult): void {
    this.follow(source);
    if (this.gapSince !== undefined && !sentAt.isBefore(this.gapSince)) this.gapSince = undefined;
    if (!this.isLeader || this.epoch === undefined) return;
    // The readers must query PostgreSQL for what is lost, so they must notice the gap.
    if (!complete) this.startOver();
    // Counts even if the message is not published: readers of the next one must notice that one is missing.
    this.sequence += 1;
    const ticket = this.redis.tickets.receivedBefore(sentAt);
    if (ticket === undefined) return;
    const { epoch, sequence } = this;
    void this.heartbeat(formatFeedMessage({ source, epoch, sequence, ticket, events }));
  }

  private handleMessage(text: string): void {
    const message = parseFeedMessage(text);
    if (message === undefined || this.isLeader) return;
    if (this.polledSource === undefined || message.source !== this.polledSource) return;
    const follows = message.epoch === this.epoch && message.sequence === this.sequence + 1;
    this.epoch = message.epoch;
    this.sequence = message.sequence;
    if (!follows) {
      this.gapSince = Timestamp.now();
      this.postgres.idle = false;
      this.postgres.poll();
    }
    this.subscriber?.onEvents(message.events, this.completeAsOf(message));
  }

  /** The time up to which messages have delivered every event; undefined while one is missing. */
  private completeAsOf({ ticket }: FeedMessage): Timestamp | undefined {
    if (this.gapSince !== undefined) return undefined;
    const time = this.redis.tickets.timeBefore(ticket);
    if (time === undefined) return undefined;
    this.messagesAsOf = time;
    return time;
  }
}
