import type { RevocationEvent, RevocationKind } from './revocation-feed.js';

/** A line of `GET /oauth/revocations`. Times are milliseconds of the issuer's monotonic clock. */
export interface RevocationLine {
  /** Of one stream; its first line has `n` 0 and tells nothing but the time. */
  epoch: string;
  n: number;
  /** As of when everything has been told; on the first line the time at which it was written. Null: that is not known. */
  t: number | null;
  /** True: events may have been missed. */
  gap?: true;
  events: RevocationEvent[];
}

const KINDS: readonly unknown[] = ['session', 'user', 'tenant'] satisfies RevocationKind[];

export function formatRevocationLine({ events, ...line }: RevocationLine): string {
  const told = events.map(({ kind, tenantId, id }) => [kind, tenantId, id]);
  return `${JSON.stringify({ ...line, events: told })}\n`;
}

/** @throws Error when it is no such line. */
export function parseRevocationLine(text: string): RevocationLine {
  const line = JSON.parse(text) as Partial<Record<keyof RevocationLine, unknown>>;
  const { epoch, n, t, gap, events } = line;
  const timed = t === null || (typeof t === 'number' && Number.isFinite(t));
  if (typeof epoch !== 'string' || typeof n !== 'number' || !timed || !Array.isArray(events))
    throw new Error('A line of the feed has not the form of one.');
  return {
    epoch,
    n,
    t,
    ...(gap === true && { gap }),
    events: events.map((event) => toEvent(event)),
  };
}

function toEvent(value: unknown): RevocationEvent {
  const [kind, tenantId, id] = Array.isArray(value) ? (value as unknown[]) : [];
  if (!KINDS.includes(kind) || typeof tenantId !== 'string' || typeof id !== 'string')
    throw new Error('An event of the feed has not the form of one.');
  return { kind: kind as RevocationKind, tenantId, id };
}
