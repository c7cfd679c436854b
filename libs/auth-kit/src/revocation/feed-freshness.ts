import type { Timestamp } from './timestamp.js';

/** How old cached values may be, in milliseconds: the bound between a revocation and its effect in every process. */
export const MAX_AGE_MS = 100;

/**
 * How long a request waits for a poll that is in flight before it queries its own session. Under load one poll then
 * serves all requests that arrived meanwhile.
 */
const MAX_WAIT_MS = 50;

/** A request that waits until the feed is complete as of `since`. */
interface Waiter {
  readonly since: Timestamp | undefined;
  readonly resume: () => void;
}

/** Tracks the time up to which this process has received every event of the revocation feed. */
export class FeedFreshness {
  private completeAsOf: Timestamp | undefined;
  private readonly waiters = new Set<Waiter>();

  /** Milliseconds since the feed was last known to be complete; Infinity if it never was. */
  get age(): number {
    return this.completeAsOf?.age ?? Infinity;
  }

  /** True if the feed is complete as of a recent time, which is not before `since`. */
  isFresh(since: Timestamp | undefined): boolean {
    const { completeAsOf } = this;
    return (
      completeAsOf !== undefined &&
      completeAsOf.age <= MAX_AGE_MS &&
      (since === undefined || !completeAsOf.isBefore(since))
    );
  }

  advance(completeAsOf: Timestamp): void {
    if (this.completeAsOf === undefined || this.completeAsOf.isBefore(completeAsOf))
      this.completeAsOf = completeAsOf;
    for (const { since, resume } of this.waiters) if (this.isFresh(since)) resume();
  }

  reset(): void {
    this.completeAsOf = undefined;
  }

  /** Resolves when the feed is fresh as of `since`, or after {@link MAX_WAIT_MS}. */
  wait(since: Timestamp | undefined): Promise<void> {
    return new Promise((resolve) => {
      const resume = (): void => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve();
      };
      const timer = setTimeout(resume, MAX_WAIT_MS);
      const waiter: Waiter = { since, resume };
      this.waiters.add(waiter);
    });
  }
}
