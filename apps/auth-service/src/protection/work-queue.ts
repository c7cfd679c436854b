import { ApiError } from '@poc-tracker/contracts';

export interface WorkQueueLimits {
  /** Maximum number of running tasks. */
  concurrency: number;
  /** Maximum number of queued tasks. */
  capacity: number;
}

/** Seconds until a refused client should retry. A full queue takes about this time. */
const RETRY_AFTER_SECONDS = 1;

/**
 * Runs expensive tasks with limited concurrency, in order of arrival, and refuses tasks when too
 * many wait.
 */
export class WorkQueue {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limits: WorkQueueLimits) {}

  /**
   * Runs the task when its turn comes, and returns its result or throws its error.
   * @throws ApiError SERVICE_BUSY immediately, without running the task, if the queue is full
   */
  async run<T>(task: () => Promise<T>): Promise<T> {
    await this.acquire();
    try {
      return await task();
    } finally {
      this.release();
    }
  }

  private async acquire(): Promise<void> {
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
   * Passes the slot directly to the next task. If it were freed first, a new task could take it as
   * well.
   */
  private release(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.running -= 1;
    else next();
  }
}
