import { Readable } from 'node:stream';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { FreeSlot } from './slots.js';

/** Characters of a page that are written at once. A client that reads a part of a page keeps its connection. */
const PART_LENGTH = 64 * 1024;

/**
 * The pages as a stream that reads the next one when the last one has been written to the connection, which ends if the client
 * stops reading. Between two pages it lets other requests run.
 * @param free called once, when the stream ends in any way
 */
export function boundedStream(pages: AsyncIterable<string>, free: FreeSlot): Readable {
  const stream = Readable.from(inParts(pages), { objectMode: true, highWaterMark: 1 });
  return stream.once('close', free);
}

async function* inParts(pages: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const page of pages) {
    for (let start = 0; start < page.length; start += PART_LENGTH)
      yield page.slice(start, start + PART_LENGTH);
    await yieldToOthers();
  }
}
