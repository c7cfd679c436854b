import { Logger } from '@nestjs/common';
import { basicAuthorization } from '../issuer/basic-authorization.js';
import type { IssuerClient } from '../issuer/issuer-client.js';
import type { FeedSubscriber, FeedTransport } from './revocation-feed.js';
import { RevocationStream } from './revocation-stream.js';
import type { StreamMessage } from './stream-message.js';
import { Timestamp } from './timestamp.js';

/** By then the two clocks may have drifted apart by 8 ms, so a new stream replaces the old one. */
const RENEW_AFTER_MS = 8_000;

/** A stream is considered dead after this long without a message; messages arrive every 40 ms at least. */
const SILENCE_MS = 2_000;

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;

export interface HttpFeedOptions {
  request?: typeof fetch;
  /** How long one stream is used, in milliseconds. */
  renewAfterMs?: number;
}

interface OpenStream {
  stream: RevocationStream;
  lastMessageAt: Timestamp;
  renewAt: number;
  /** When its first message arrived. Later events are delivered on this stream. */
  openedAt: Timestamp | undefined;
}

/**
 * Delivers revocations from the issuer over HTTP, for applications with neither its database nor its Redis. A new stream
 * replaces the old one while both are open, so that no event is lost between the two. A broken stream is a gap.
 */
export class HttpFeedTransport implements FeedTransport {
  private readonly logger = new Logger(HttpFeedTransport.name);
  private readonly url: URL;
  private readonly authorization: string;
  private readonly request: typeof fetch;
  private readonly renewAfterMs: number;
  private subscriber: FeedSubscriber | undefined;
  private timer: NodeJS.Timeout | undefined;
  private retryMs = FIRST_RETRY_MS;
  private retryAt = 0;
  private warned = false;
  /** The stream that determines completeness. */
  private current: OpenStream | undefined;
  /** Takes over once the current one has delivered every event up to its opening. */
  private next: OpenStream | undefined;

  constructor(
    { issuerUrl, clientId, clientSecret }: IssuerClient,
    { request = fetch, renewAfterMs = RENEW_AFTER_MS }: HttpFeedOptions = {},
  ) {
    this.request = request;
    this.renewAfterMs = renewAfterMs;
    this.url = new URL('/api/v1/oauth/revocations', issuerUrl);
    this.authorization = basicAuthorization(clientId, clientSecret);
  }

  get connected(): boolean {
    return this.current?.openedAt !== undefined;
  }

  start(subscriber: FeedSubscriber): void {
    this.subscriber = subscriber;
    this.tick();
    this.timer = setInterval(() => this.tick(), FIRST_RETRY_MS);
    this.timer.unref();
  }

  poll(): void {
    // The issuer pushes; a stream cannot be polled. A request that cannot wait queries its session's status.
  }

  stop(): Promise<void> {
    clearInterval(this.timer);
    this.subscriber = undefined;
    for (const open of [this.current, this.next]) open?.stream.close();
    return Promise.resolve();
  }

  private tick(): void {
    const now = performance.now();
    for (const open of [this.current, this.next])
      if (open !== undefined && open.lastMessageAt.age > SILENCE_MS)
        this.drop(open, new Error('no message arrived in time.'));
    if (now < this.retryAt) return;
    if (this.current === undefined) this.current = this.open();
    else if (this.next === undefined && now > this.current.renewAt) this.next = this.open();
  }

  private open(): OpenStream {
    const opened: OpenStream = {
      stream: new RevocationStream(this.url, this.authorization, this.request),
      lastMessageAt: Timestamp.now(),
      renewAt: performance.now() + this.renewAfterMs,
      openedAt: undefined,
    };
    opened.stream
      .read({
        onOpen: () => this.handleOpen(opened),
        onMessage: (message, completeAsOf) => this.handleMessage(opened, message, completeAsOf),
      })
      .then(() => this.drop(opened, new Error('the stream ended.')))
      .catch((error: unknown) => this.drop(opened, error as Error));
    return opened;
  }

  private handleOpen(open: OpenStream): void {
    open.lastMessageAt = open.openedAt = Timestamp.now();
    this.retryMs = FIRST_RETRY_MS;
    if (this.warned) this.logger.log('The revocation feed is connected again.');
    this.warned = false;
    // Events before the opening were not delivered.
    if (open === this.current) this.subscriber?.onGap();
  }

  private handleMessage(
    open: OpenStream,
    message: StreamMessage,
    completeAsOf: Timestamp | undefined,
  ): void {
    open.lastMessageAt = Timestamp.now();
    if (open !== this.current) {
      this.subscriber?.onEvents(message.events, undefined);
      return;
    }
    if (message.gap === true) this.subscriber?.onGap();
    this.subscriber?.onEvents(message.events, completeAsOf);
    const { next } = this;
    if (next?.openedAt === undefined || completeAsOf?.isBefore(next.openedAt) !== false) return;
    // The old stream delivered every event up to the opening of the new one, which delivers the rest.
    this.current = next;
    this.next = undefined;
    open.stream.close();
  }

  private drop(open: OpenStream, error: Error): void {
    open.stream.close();
    if (open !== this.current && open !== this.next) return;
    this.retryAt = performance.now() + this.retryMs;
    this.retryMs = Math.min(this.retryMs * 2, LAST_RETRY_MS);
    if (open === this.next) {
      this.next = undefined;
      return;
    }
    // The next stream may lack events that the current one had still to deliver.
    this.next?.stream.close();
    this.current = this.next = undefined;
    this.subscriber?.onGap();
    if (this.warned || this.subscriber === undefined) return;
    this.warned = true;
    this.logger.warn(
      `The revocation feed is disconnected: ${error.message} Until it is back, every request queries its session's status.`,
    );
  }
}
