import { readEventTuples, toEventTuples } from './event-tuple.js';
import type { RevocationEvent } from './revocation-feed.js';

/** A line of `GET /oauth/revocations`. Times are milliseconds of the issuer's monotonic clock. */
export interface StreamMessage {
  /** Identifies the stream. */
  epoch: string;
  /** Sequence number. The first message is 0 and carries only the time. */
  n: number;
  /** Every event before it has been sent; in the first message, the time of writing. Null if unknown. */
  t: number | null;
  /** True if events may have been lost. */
  gap?: true;
  events: RevocationEvent[];
}

export function formatStreamMessage({ events, ...message }: StreamMessage): string {
  return `${JSON.stringify({ ...message, events: toEventTuples(events) })}\n`;
}

/** @throws Error if the line is malformed. */
export function parseStreamMessage(line: string): StreamMessage {
  const message = JSON.parse(line) as Partial<Record<keyof StreamMessage, unknown>>;
  const { epoch, n, t, gap, events } = message;
  const timed = t === null || (typeof t === 'number' && Number.isFinite(t));
  if (typeof epoch !== 'string' || typeof n !== 'number' || !timed)
    throw new Error('A message of the feed is malformed.');
  return { epoch, n, t, ...(gap === true && { gap }), events: readEventTuples(events) };
}
