import type { RevocationEvent, SessionStatusService } from '@poc-tracker/auth-kit';

/** Receives what invalidates cached values. */
export interface InvalidationSubscriber {
  /** Something about these tenants has changed. */
  onTenantsChanged(tenantIds: readonly string[]): void;
  /** Changes may have been missed: everything cached so far is invalid. */
  onGap(): void;
}

/** Proves that cached values may be used now, and delivers what invalidates them. */
export interface Freshness {
  /**
   * True if every change that was committed up to at most 100 ms ago, and every change that this process has made itself, has
   * been delivered to the subscribers.
   * @param tenantId counts only the changes of this process that concern the tenant; undefined counts those of all
   */
  isFresh(tenantId: string | undefined): boolean;
  /** The same, and waits for a proof that is under way: at once if there is none, and for 50 ms at most. */
  waitUntilFresh(tenantId: string | undefined): boolean | Promise<boolean>;
  /**
   * Identifies the database that delivers the changes. Values in Redis count only for processes with the same one. Undefined
   * if it is unknown: then values are neither read from Redis nor written to it.
   */
  readonly source: string | undefined;
  subscribe(subscriber: InvalidationSubscriber): void;
}

/**
 * The freshness that the revocation feed proves. Only events about tenants invalidate: cache what changes in transactions
 * that write such an event, and nothing else.
 */
export class RevocationFeedFreshness implements Freshness {
  constructor(
    private readonly sessionStatus: Pick<
      SessionStatusService,
      'isFresh' | 'waitUntilFresh' | 'feedSource' | 'subscribe'
    >,
  ) {}

  get source(): string | undefined {
    return this.sessionStatus.feedSource;
  }

  isFresh(tenantId: string | undefined): boolean {
    return this.sessionStatus.isFresh(tenantId);
  }

  waitUntilFresh(tenantId: string | undefined): boolean | Promise<boolean> {
    return this.sessionStatus.waitUntilFresh(tenantId);
  }

  subscribe(subscriber: InvalidationSubscriber): void {
    this.sessionStatus.subscribe({
      onEvents: (events) => {
        const tenantIds = tenantsOf(events);
        if (tenantIds.length > 0) subscriber.onTenantsChanged(tenantIds);
      },
      onGap: () => subscriber.onGap(),
    });
  }
}

function tenantsOf(events: readonly RevocationEvent[]): string[] {
  const changed = events.filter(({ kind }) => kind === 'tenant');
  return [...new Set(changed.map(({ tenantId }) => tenantId))];
}
