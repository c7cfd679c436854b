import type { RevocationEvent, RevocationKind } from './revocation-feed.js';

const KINDS: readonly unknown[] = ['session', 'user', 'tenant'] satisfies RevocationKind[];

/** An event as it travels, whatever brings it. */
type EventTuple = [kind: RevocationKind, tenantId: string, id: string];

export function toEventTuples(events: readonly RevocationEvent[]): EventTuple[] {
  return events.map(({ kind, tenantId, id }) => [kind, tenantId, id]);
}

/** @throws Error when it is no list of such events. */
export function readEventTuples(value: unknown): RevocationEvent[] {
  if (!Array.isArray(value)) throw new Error('The events of the feed are no list.');
  return value.map((entry: unknown) => {
    const [kind, tenantId, id] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (!KINDS.includes(kind) || typeof tenantId !== 'string' || typeof id !== 'string')
      throw new Error('An event of the feed has not the form of one.');
    return { kind: kind as RevocationKind, tenantId, id };
  });
}
