import type { RevocationEvent, RevocationKind } from './revocation-feed.js';

const KINDS: readonly unknown[] = ['session', 'user', 'tenant'] satisfies RevocationKind[];

/** The wire format of an event, the same on every transport. */
type EventTuple = [kind: RevocationKind, tenantId: string, id: string];

export function toEventTuples(events: readonly RevocationEvent[]): EventTuple[] {
  return events.map(({ kind, tenantId, id }) => [kind, tenantId, id]);
}

/** @throws Error if the value is not a list of events. */
export function readEventTuples(value: unknown): RevocationEvent[] {
  if (!Array.isArray(value)) throw new Error('The events of the feed are not a list.');
  return value.map((entry: unknown) => {
    const [kind, tenantId, id] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (!KINDS.includes(kind) || typeof tenantId !== 'string' || typeof id !== 'string')
      throw new Error('An event of the feed is malformed.');
    return { kind: kind as RevocationKind, tenantId, id };
  });
}
