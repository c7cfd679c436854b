import { Logger } from '@nestjs/common';

/** The time in which a server that stops closes its connections, and a signal to it and to this process arrives. */
const DELAY_MS = 1_000;

/**
 * Logs that idle connections of a pool were lost: one line for all that are lost together. None after `stop()`, nor for the
 * second before it: a database that stops together with the process loses all connections, and nothing is wrong.
 */
export class ConnectionLossLog {
  private readonly logger: Logger;
  private count = 0;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  /** @param pool the name of the logger. */
  constructor(pool: string) {
    this.logger = new Logger(pool);
  }

  add(error: Error): void {
    if (this.stopped) return;
    this.count += 1;
    this.timer ??= setTimeout(() => {
      this.logger.warn(`Idle database connections were lost (${this.count}): ${error.message}`);
      this.timer = undefined;
      this.count = 0;
    }, DELAY_MS);
    this.timer.unref();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }
}
