import type { Timestamp } from './timestamp.js';

/** What an event revokes or changes: one session, everything of one user, or everything of one tenant. */
export type RevocationKind = 'session' | 'user' | 'tenant';

export interface RevocationEvent {
  readonly kind: RevocationKind;
  readonly tenantId: string;
  /** Id of the session, the user or the tenant. */
  readonly id: string;
}

/** Receives the events of the revocation feed. */
export interface FeedSubscriber {
  /**
   * @param completeAsOf every event committed before it has been delivered by now, `events` included. Undefined if the
   * transport cannot tell: the events count, but cached values become no fresher.
   */
  onEvents(events: readonly RevocationEvent[], completeAsOf: Timestamp | undefined): void;
  /** Events may be lost: everything cached so far is invalid. */
  onGap(): void;
}

/** Delivers the revocation feed to a process: from PostgreSQL, through Redis, or over HTTP. */
export interface FeedTransport {
  /** True while `poll()` can be expected to deliver soon. */
  readonly connected: boolean;
  /** Identifies the database that the events come from. Undefined while it is unknown, and over HTTP. */
  readonly source?: string | undefined;
  /** Connects in the background and retries until it succeeds. */
  start(subscriber: FeedSubscriber): void;
  /** Requests new events now instead of at the next interval. */
  poll(): void;
  stop(): Promise<void>;
}
