import type { Timestamp } from './timestamp.js';

/** What ended or changed: one session, everything of one person, or everything of one tenant. */
export type RevocationKind = 'session' | 'user' | 'tenant';

export interface RevocationEvent {
  readonly kind: RevocationKind;
  readonly tenantId: string;
  /** Id of the session, the person or the tenant. */
  readonly id: string;
}

/** What a carrier tells the memory. */
export interface FeedListener {
  /**
   * Everything that was committed before `asOf` has been told by now, `events` included.
   * @param asOf undefined when that cannot be said: the events count, the memory grows no fresher.
   */
  tell(events: readonly RevocationEvent[], asOf: Timestamp | undefined): void;
  /** Events may have been missed: nothing that was remembered before counts any more. */
  gap(): void;
}

/** Brings revocations to a process: from PostgreSQL, through Redis, or over HTTP. */
export interface FeedTransport {
  /** True while an answer to `poll()` can be expected soon. */
  readonly connected: boolean;
  /** Starts in the background, and goes on trying for as long as it takes. */
  start(listener: FeedListener): void;
  /** Asks for what is new now, instead of at the next turn. */
  poll(): void;
  stop(): Promise<void>;
}
