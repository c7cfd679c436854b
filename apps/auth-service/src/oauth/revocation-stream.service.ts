import { randomUUID } from 'node:crypto';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import {
  type FeedSubscriber,
  formatStreamMessage,
  Timestamp,
  type StreamMessage,
  SessionStatusService,
} from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import type { Writable } from 'node:stream';

/** Concurrent streams. Each costs a write every 30 ms. */
const MAX_STREAMS = 200;

/** Clients reconnect every 8 s. A longer stream is ended, because credentials are only verified when it is opened. */
const MAX_DURATION_MS = 60_000;

/** Unread bytes of a stream. A client that is further behind is disconnected. */
const MAX_BACKLOG = 1024 * 1024;

/** Time to send the last line. A client that does not read must not block the shutdown of the server. */
const CLOSE_TIMEOUT_MS = 500;

/** Streams the revocation events that this process receives. */
@Injectable()
export class RevocationStreamService implements BeforeApplicationShutdown {
  private readonly open = new Set<() => void>();
  private stopping = false;

  constructor(private readonly sessionStatus: SessionStatusService) {}

  /** @throws ApiError SERVICE_BUSY if too many streams are open, SERVICE_UNAVAILABLE during shutdown. */
  assertAvailable(): void {
    if (this.stopping) throw new ApiError('SERVICE_UNAVAILABLE', { retryAfter: 1 });
    if (this.open.size >= MAX_STREAMS) throw new ApiError('SERVICE_BUSY', { retryAfter: 1 });
  }

  /**
   * Writes the time, and then a line for each message of the revocation feed: about every 30 ms, with or without events,
   * while the feed is connected.
   */
  serve(reader: Writable): void {
    // The client disconnected while its credentials were verified; there will be no `close` event.
    if (reader.destroyed) return;
    const epoch = randomUUID();
    let n = -1;
    const write = (line: Pick<StreamMessage, 't' | 'gap' | 'events'>): void => {
      n += 1;
      reader.write(formatStreamMessage({ epoch, n, ...line }));
      if (reader.writableLength > MAX_BACKLOG) reader.destroy();
    };
    const subscriber: FeedSubscriber = {
      onEvents: (events, completeAsOf) =>
        write({ t: completeAsOf?.monotonic ?? null, events: [...events] }),
      onGap: () => write({ t: null, gap: true, events: [] }),
    };
    const unsubscribe = this.sessionStatus.subscribe(subscriber);
    const end = (): void => {
      unsubscribe();
      reader.end();
      setTimeout(() => reader.destroy(), CLOSE_TIMEOUT_MS).unref();
    };
    const timer = setTimeout(end, MAX_DURATION_MS);
    this.open.add(end);
    reader.once('close', () => {
      clearTimeout(timer);
      unsubscribe();
      this.open.delete(end);
    });
    reader.on('error', () => undefined);
    write({ t: Timestamp.now().monotonic, events: [] });
  }

  /** Clients reconnect to another process; the server waits for their connections to end. */
  beforeApplicationShutdown(): void {
    this.stopping = true;
    for (const end of this.open) end();
  }
}
