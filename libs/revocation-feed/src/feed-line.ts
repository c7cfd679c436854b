import type { RevocationEvent, RevocationKind } from '@poc-tracker/auth-kit';
import type { Ticket } from './redis-ticket.js';

/** What the leader publishes after each of its questions to PostgreSQL, with events or without. */
export interface FeedLine {
  /** Of one leadership. */
  epoch: string;
  /** Counts the lines of an epoch. */
  n: number;
  /** In the leader's hand before it asked: everything that was committed before is in the lines up to this one. */
  ticket: Ticket;
  events: RevocationEvent[];
}

const KINDS: readonly unknown[] = ['session', 'user', 'tenant'] satisfies RevocationKind[];

export function formatLine({ epoch, n, ticket, events }: FeedLine): string {
  const told = events.map(({ kind, tenantId, id }) => [kind, tenantId, id]);
  return JSON.stringify([epoch, n, ticket.issuer, ticket.number, told]);
}

/** Undefined for anything else: whoever may publish there could send what it likes. */
export function parseLine(text: string): FeedLine | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  const [epoch, n, issuer, number, told] = parsed as unknown[];
  if (typeof epoch !== 'string' || typeof n !== 'number' || typeof issuer !== 'string')
    return undefined;
  if (typeof number !== 'number' || !Array.isArray(told)) return undefined;
  const events: RevocationEvent[] = [];
  for (const entry of told as unknown[]) {
    const [kind, tenantId, id] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (!KINDS.includes(kind) || typeof tenantId !== 'string' || typeof id !== 'string')
      return undefined;
    events.push({ kind: kind as RevocationKind, tenantId, id });
  }
  return { epoch, n, ticket: { issuer, number }, events };
}
