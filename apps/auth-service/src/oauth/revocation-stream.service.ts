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

/** Open at a time. Each costs a write every 30 ms. */
const MAX_STREAMS = 200;

/** A reader opens a new one every 8 s. One that does not is cut: its credentials are checked at the opening alone. */
const LIFE_MS = 60_000;

/** What a reader has not taken yet, in bytes; past it the reader is too slow to be of use to. */
const MAX_BACKLOG = 1024 * 1024;

/** For the last line to leave; a reader that takes nothing would else hold its connection, and a stopping server, for ever. */
const FAREWELL_MS = 500;

/** Hands on what this process is told of revocations. */
@Injectable()
export class RevocationStreams implements BeforeApplicationShutdown {
  private readonly open = new Set<() => void>();
  private stopping = false;

  constructor(private readonly sessionStatus: SessionStatusService) {}

  /** @throws ApiError SERVICE_BUSY when there are too many, SERVICE_UNAVAILABLE while stopping. */
  assertRoom(): void {
    if (this.stopping) throw new ApiError('SERVICE_UNAVAILABLE', { retryAfter: 1 });
    if (this.open.size >= MAX_STREAMS) throw new ApiError('SERVICE_BUSY', { retryAfter: 1 });
  }

  /**
   * Writes the time at once, and then a line for everything that this process is told: every 30 ms or so, with events or
   * without, while the feed works; nothing while it does not.
   */
  serve(reader: Writable): void {
    // It hung up while its credentials were checked, and will not tell of it again.
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
      setTimeout(() => reader.destroy(), FAREWELL_MS).unref();
    };
    const timer = setTimeout(end, LIFE_MS);
    this.open.add(end);
    reader.once('close', () => {
      clearTimeout(timer);
      unsubscribe();
      this.open.delete(end);
    });
    reader.on('error', () => undefined);
    write({ t: Timestamp.now().monotonic, events: [] });
  }

  /** Readers go elsewhere; the server waits for their connections to end. */
  beforeApplicationShutdown(): void {
    this.stopping = true;
    for (const end of this.open) end();
  }
}
