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
import { type FreeSlot, Slots } from '@poc-tracker/http-service';
import type { Writable } from 'node:stream';

/** Concurrent streams. Each costs a write every 30 ms, and a client needs one for each of its processes. */
const MAX_STREAMS = { total: 200, each: { client: 20 }, retryAfter: 1 };

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
  private readonly slots = new Slots(MAX_STREAMS);
  private stopping = false;

  constructor(private readonly sessionStatus: SessionStatusService) {}

  /**
   * Takes a slot for a stream of this client, which {@link serve} frees.
   * @throws ApiError RATE_LIMIT_EXCEEDED if the client has too many streams open, SERVICE_BUSY if all clients have,
   *   SERVICE_UNAVAILABLE during shutdown.
   */
  takeSlot(clientId: string): FreeSlot {
    if (this.stopping) throw new ApiError('SERVICE_UNAVAILABLE', { retryAfter: 1 });
    return this.slots.take({ client: clientId });
  }

  /**
   * Writes the time, and then a line for each message of the revocation feed: about every 30 ms, with or without events,
   * while the feed is connected.
   */
  serve(reader: Writable, free: FreeSlot): void {
    // The client disconnected while its credentials were verified; there will be no `close` event.
    if (reader.destroyed) {
      free();
      return;
    }
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
      free();
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
