import { readEventTuples, type RevocationEvent, toEventTuples } from '@poc-tracker/auth-kit';
import type { FeedSource } from './postgres-feed.connection.js';
import type { Ticket } from './redis-ticket.js';

/** Published by the leader after each poll of PostgreSQL, with or without events. */
export interface FeedMessage {
  /** What the leader polled. Another source proves nothing to a reader, whatever it delivers. */
  source: FeedSource;
  /** Identifies one term of a leader. */
  epoch: string;
  /** Counts the messages of an epoch. */
  sequence: number;
  /** Received by the leader before it polled: this and earlier messages have every event committed before that. */
  ticket: Ticket;
  events: RevocationEvent[];
}

export function formatFeedMessage(message: FeedMessage): string {
  const { source, epoch, sequence, ticket, events } = message;
  return JSON.stringify([
    source,
    epoch,
    sequence,
    ticket.issuer,
    ticket.number,
    toEventTuples(events),
  ]);
}

/** @returns undefined for malformed text: any client of Redis may publish on the channel. */
export function parseFeedMessage(text: string): FeedMessage | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) return undefined;
    const [source, epoch, sequence, issuer, number, events] = parsed as unknown[];
    if (typeof source !== 'string' || typeof epoch !== 'string') return undefined;
    if (typeof sequence !== 'number') return undefined;
    if (typeof issuer !== 'string' || typeof number !== 'number') return undefined;
    return { source, epoch, sequence, ticket: { issuer, number }, events: readEventTuples(events) };
  } catch {
    return undefined;
  }
}
