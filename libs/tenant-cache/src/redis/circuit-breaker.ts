import type { Logger } from '@nestjs/common';

/** How long Redis is not asked after a failure. */
const OPEN_MS = 1_000;

/** Longest wait for Redis. Loading the value takes about as long. */
const DEADLINE_MS = 50;

/** Commands in flight. Above it Redis is too slow, and more would only pile up. */
const MAX_IN_FLIGHT = 256;

/** Bounds what a failing Redis costs: a short wait, then none for a second. Logs when failures begin and when they end. */
export class CircuitBreaker {
  private openUntil = -Infinity;
  private inFlight = 0;
  private failing = false;

  constructor(private readonly logger: Pick<Logger, 'warn' | 'log'>) {}

  get closed(): boolean {
    return performance.now() >= this.openUntil && this.inFlight < MAX_IN_FLIGHT;
  }

  /** @returns undefined, and opens the circuit, if the work fails or does not resolve in time. */
  async run<T>(work: () => Promise<T>): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no response within ${DEADLINE_MS} ms`)),
        DEADLINE_MS,
      );
    });
    this.inFlight += 1;
    try {
      const result = await Promise.race([work(), late]);
      this.succeed();
      return result;
    } catch (error) {
      this.fail(error as Error);
      return undefined;
    } finally {
      clearTimeout(timer);
      this.inFlight -= 1;
    }
  }

  fail({ message }: Error): void {
    this.openUntil = performance.now() + OPEN_MS;
    if (!this.failing)
      this.logger.warn(
        `Redis does not serve the cache: ${message}. Values come from their source.`,
      );
    this.failing = true;
  }

  private succeed(): void {
    if (this.failing) this.logger.log('Redis serves the cache again.');
    this.failing = false;
  }
}
