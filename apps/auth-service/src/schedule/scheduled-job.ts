/** A recurring job. It runs on one of the instances at a time. */
export interface ScheduledJob {
  /** Unique in the product. Used in the log and in the table scheduled_jobs. */
  name: string;
  /** Milliseconds from one start to the next. */
  everyMs: number;
  /**
   * Must be idempotent: if a process hangs for longer than its lease, another instance runs the job
   * as well.
   */
  run(): Promise<void>;
}

/** Relative jitter of the interval, so that instances that start together do not poll together. */
const JITTER = 0.1;

/** The first poll comes soon: otherwise an instance that restarts often would never run a daily job. */
const FIRST_POLL_MS = 10_000;

/** Milliseconds until an instance next polls whether a job is due; `random` is in [0, 1). */
export function delayUntilPoll(
  { everyMs }: Pick<ScheduledJob, 'everyMs'>,
  first: boolean,
  random: number,
): number {
  const base = first ? Math.min(everyMs, FIRST_POLL_MS) : everyMs;
  return Math.ceil(base * (1 - JITTER + 2 * JITTER * random));
}

/**
 * Milliseconds from the last start of a job until it is due. Shorter than the shortest time between
 * two polls of one instance: otherwise a poll could come too early and the job would miss an interval.
 */
export function dueAfter({ everyMs }: Pick<ScheduledJob, 'everyMs'>): number {
  return Math.floor(everyMs * (1 - 2 * JITTER));
}

const SHORTEST_LEASE_MS = 5_000;
const LONGEST_LEASE_MS = 60_000;

/**
 * Milliseconds for which a job stays claimed after its instance last renewed the lease: how long it rests if the instance
 * dies. A job that runs every second must not rest for a minute, and a lease must outlive a few slow responses of PostgreSQL.
 */
export function leaseOf({ everyMs }: Pick<ScheduledJob, 'everyMs'>): number {
  return Math.min(Math.max(5 * everyMs, SHORTEST_LEASE_MS), LONGEST_LEASE_MS);
}
