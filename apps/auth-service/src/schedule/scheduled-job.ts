/** Work that recurs, whoever of the running instances does it. */
export interface ScheduledJob {
  /** Unique over the whole product; what the log and the table of jobs call it. */
  name: string;
  /** Milliseconds from one start to the next. */
  everyMs: number;
  /**
   * Does what is due. A process that hangs for longer than the lease may find, when it wakes up,
   * that another one has done the work meanwhile: a job must bear being run twice.
   */
  run(): Promise<void>;
}

/** How far apart from the interval an instance asks, so that instances that start together do not ask together. */
const JITTER = 0.1;

/** The first question comes soon: an instance that restarts often must not put a daily job off for ever. */
const FIRST_ASK_MS = 10_000;

/** Milliseconds until an instance asks whether a job is due; `random` is in [0, 1). */
export function delayUntilAsking(
  { everyMs }: Pick<ScheduledJob, 'everyMs'>,
  first: boolean,
  random: number,
): number {
  const base = first ? Math.min(everyMs, FIRST_ASK_MS) : everyMs;
  return Math.ceil(base * (1 - JITTER + 2 * JITTER * random));
}

/**
 * Milliseconds after its last start from which a job is due: less than the shortest time between
 * two questions of one instance, which would else be refused now and then and wait a whole interval.
 */
export function dueAfter({ everyMs }: Pick<ScheduledJob, 'everyMs'>): number {
  return Math.floor(everyMs * (1 - 2 * JITTER));
}
