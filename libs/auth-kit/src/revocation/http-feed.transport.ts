import { Logger } from '@nestjs/common';
import { basicAuthorization } from '../session-status/http-session-status.source.js';
import type { IssuerClient } from '../session-status/issuer-client.js';
import { Timestamp } from './timestamp.js';
import type { FeedTransport, FeedListener } from './revocation-feed.js';
import type { StreamMessage } from './stream-message.js';
import { RevocationStream } from './revocation-stream.js';

/** After it the two clocks may have run apart by 8 ms, and a new stream is opened beside the old one. */
const RENEW_AFTER_MS = 8_000;

/** Without a line for so long the stream is taken for dead; lines come every 40 ms at least. */
const SILENCE_MS = 2_000;

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;

export interface HttpFeedOptions {
  request?: typeof fetch;
  /** For how long one stream is read, in milliseconds. */
  renewAfterMs?: number;
}

interface OpenStream {
  stream: RevocationStream;
  heardAt: Timestamp;
  renewAt: number;
  /** When its first line came: what was told after it is told here. */
  openedAt: Timestamp | undefined;
}

/**
 * Brings revocations from the issuer over HTTP, to applications that have neither its database nor its Redis. A stream is
 * replaced while it still runs, so that nothing falls between the two; when it breaks, everything is forgotten.
 */
export class HttpFeedTransport implements FeedTransport {
  private readonly logger = new Logger(HttpFeedTransport.name);
  private readonly url: URL;
  private readonly authorization: string;
  private readonly request: typeof fetch;
  private readonly renewAfterMs: number;
  private listener: FeedListener | undefined;
  private timer: NodeJS.Timeout | undefined;
  private retryMs = FIRST_RETRY_MS;
  private retryAt = 0;
  private warned = false;
  /** What is believed. */
  private current: OpenStream | undefined;
  /** What will be, once the current one has told everything up to its opening. */
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

  start(listener: FeedListener): void {
    this.listener = listener;
    this.tick();
    this.timer = setInterval(() => this.tick(), FIRST_RETRY_MS);
    this.timer.unref();
  }

  /** The issuer tells of its own accord. */
  poll(): void {
    // Nothing can be asked over a stream; a request that cannot wait asks about its session.
  }

  stop(): Promise<void> {
    clearInterval(this.timer);
    this.listener = undefined;
    for (const open of [this.current, this.next]) open?.stream.close();
    return Promise.resolve();
  }

  private tick(): void {
    const now = performance.now();
    for (const open of [this.current, this.next])
      if (open !== undefined && open.heardAt.age > SILENCE_MS)
        this.drop(open, new Error('it fell silent.'));
    if (now < this.retryAt) return;
    if (this.current === undefined) this.current = this.open();
    else if (this.next === undefined && now > this.current.renewAt) this.next = this.open();
  }

  private open(): OpenStream {
    const opened: OpenStream = {
      stream: new RevocationStream(this.url, this.authorization, this.request),
      heardAt: Timestamp.now(),
      renewAt: performance.now() + this.renewAfterMs,
      openedAt: undefined,
    };
    opened.stream
      .read({
        opened: () => this.onOpened(opened),
        line: (line, asOf) => this.onLine(opened, line, asOf),
      })
      .then(() => this.drop(opened, new Error('it ended.')))
      .catch((error: unknown) => this.drop(opened, error as Error));
    return opened;
  }

  private onOpened(open: OpenStream): void {
    open.heardAt = open.openedAt = Timestamp.now();
    this.retryMs = FIRST_RETRY_MS;
    if (this.warned) this.logger.log('The feed of revocations is connected again.');
    this.warned = false;
    // Nobody told what came before.
    if (open === this.current) this.listener?.gap();
  }

  private onLine(open: OpenStream, line: StreamMessage, asOf: Timestamp | undefined): void {
    open.heardAt = Timestamp.now();
    if (open !== this.current) {
      this.listener?.tell(line.events, undefined);
      return;
    }
    if (line.gap === true) this.listener?.gap();
    this.listener?.tell(line.events, asOf);
    const { next } = this;
    if (next?.openedAt === undefined || asOf?.isBefore(next.openedAt) !== false) return;
    // Everything up to the next one's opening has been told here, and since then it is told there.
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
    // What the next one was told so far may lack what this one did not live to tell.
    this.next?.stream.close();
    this.current = this.next = undefined;
    this.listener?.gap();
    if (this.warned || this.listener === undefined) return;
    this.warned = true;
    this.logger.warn(
      `The feed of revocations broke: ${error.message} Until it is back, every request asks about its session.`,
    );
  }
}
