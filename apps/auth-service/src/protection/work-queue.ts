import { ApiError } from '@poc-tracker/contracts';

/** How much work a {@link WorkQueue} takes on. */
export interface WorkQueueLimits {
  /** Pieces of work under way at a time. */
  concurrency: number;
  /** Pieces of work that may wait for their turn. */
  capacity: number;
}

/**
 * Seconds after which a refused client may come back: a full queue is worked off in about that
 * time.
 */
const RETRY_AFTER_SECONDS = 1;

/**
 * Runs expensive work a few pieces at a time, in order of arrival, and refuses what it could not
 * start soon.
 */
export class WorkQueue {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limits: WorkQueueLimits) {}

  /**
   * Runs the work when its turn comes and answers what it answers; one that fails frees its place
   * like any other.
   * @throws ApiError SERVICE_BUSY, at once and without running the work, when the queue is full
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private async enter(): Promise<void> {
    if (this.running < this.limits.concurrency) {
      this.running += 1;
      return;
    }
    if (this.waiting.length >= this.limits.capacity) {
      throw new ApiError('SERVICE_BUSY', { retryAfter: RETRY_AFTER_SECONDS });
    }
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /**
   * The place goes straight to the next in line: were it freed in between, a newcomer could take it
   * too.
   */
  private leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.running -= 1;
    else next();
  }
}
