import { readEventTuples, toEventTuples } from './event-tuple.js';
import type { RevocationEvent } from './revocation-feed.js';

/** A line of `GET /oauth/revocations`. Times are milliseconds of the issuer's monotonic clock. */
export interface StreamMessage {
  /** Of one stream; its first line has `n` 0 and tells nothing but the time. */
  epoch: string;
  n: number;
  /** As of when everything has been told; on the first line the time at which it was written. Null: that is not known. */
  t: number | null;
  /** True: events may have been missed. */
  gap?: true;
  events: RevocationEvent[];
}

export function formatStreamMessage({ events, ...line }: StreamMessage): string {
  return `${JSON.stringify({ ...line, events: toEventTuples(events) })}\n`;
}

/** @throws Error when it is no such line. */
export function parseStreamMessage(text: string): StreamMessage {
  const line = JSON.parse(text) as Partial<Record<keyof StreamMessage, unknown>>;
  const { epoch, n, t, gap, events } = line;
  const timed = t === null || (typeof t === 'number' && Number.isFinite(t));
  if (typeof epoch !== 'string' || typeof n !== 'number' || !timed)
    throw new Error('A line of the feed has not the form of one.');
  return { epoch, n, t, ...(gap === true && { gap }), events: readEventTuples(events) };
}
