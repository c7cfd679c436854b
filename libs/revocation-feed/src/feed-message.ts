import { readEventTuples, type RevocationEvent, toEventTuples } from '@poc-tracker/auth-kit';
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

export function formatLine({ epoch, n, ticket, events }: FeedLine): string {
  return JSON.stringify([epoch, n, ticket.issuer, ticket.number, toEventTuples(events)]);
}

/** Undefined for anything else: whoever may publish there could send what it likes. */
export function parseLine(text: string): FeedLine | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) return undefined;
    const [epoch, n, issuer, number, told] = parsed as unknown[];
    if (typeof epoch !== 'string' || typeof n !== 'number') return undefined;
    if (typeof issuer !== 'string' || typeof number !== 'number') return undefined;
    return { epoch, n, ticket: { issuer, number }, events: readEventTuples(told) };
  } catch {
    return undefined;
  }
}
