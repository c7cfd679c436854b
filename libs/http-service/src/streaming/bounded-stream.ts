import { Readable } from 'node:stream';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { ApiError } from '@poc-tracker/contracts';
import type { FreeSlot } from './slots.js';

/** A client that reads nothing for so long is disconnected: its export keeps a page in memory and a slot in use. */
export const STALL_MS = 30_000;

/** Characters of a page that are written at once: a slow client is told from one that reads nothing by each of them. */
const PART_LENGTH = 64 * 1024;

/**
 * The pages as a stream that reads the next one when the last one has been written to the connection. Between two pages it
 * lets other requests run. It fails if the client reads nothing for 30 seconds.
 * @param free called once, when the stream ends in any way
 */
export function boundedStream(pages: AsyncIterable<string>, free: FreeSlot): Readable {
  const stream = Readable.from(
    yielding(pages, () => timer.refresh()),
    {
      objectMode: true,
      highWaterMark: 1,
    },
  );
  const timer = setTimeout(
    () =>
      stream.destroy(
        new ApiError('SERVICE_UNAVAILABLE', { cause: new Error('The client stopped reading.') }),
      ),
    STALL_MS,
  );
  timer.unref();
  stream.once('close', () => {
    clearTimeout(timer);
    free();
  });
  return stream;
}

/** @param onRead called for each part that the client is ready for. */
async function* yielding(pages: AsyncIterable<string>, onRead: () => void): AsyncGenerator<string> {
  for await (const page of pages) {
    for (let start = 0; start < page.length; start += PART_LENGTH) {
      onRead();
      yield page.slice(start, start + PART_LENGTH);
    }
    await yieldToOthers();
  }
}
