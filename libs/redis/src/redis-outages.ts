import { Logger } from '@nestjs/common';

/** What a process uses Redis for, as its log names it. */
export type RedisUse =
  | 'its connection'
  | 'rate limits'
  | 'locked accounts'
  | 'cached tenants'
  | 'revocations'
  | 'the mirror of sessions';

/**
 * Logs an outage of Redis in one line for the whole process. All that use Redis notice it, each by itself: with a line of each,
 * an operator would look for several faults.
 */
export class RedisOutages {
  private readonly logger = new Logger('Redis');
  private readonly without = new Set<RedisUse>();

  /** Repeated calls for the same use are ignored until `end`. */
  begin(use: RedisUse, error: unknown): void {
    if (this.without.has(use)) return;
    const isFirst = this.without.size === 0;
    this.without.add(use);
    const reason = error instanceof Error ? error.message : String(error);
    if (isFirst)
      this.logger.warn(
        `Redis cannot be used for ${use} (${reason}). The process continues without it, and counts limits by itself.`,
      );
    else this.logger.debug(`Redis cannot be used for ${use} either (${reason}).`);
  }

  /** Call it when Redis works again for this use, or when its user stops. */
  end(use: RedisUse): void {
    if (!this.without.delete(use)) return;
    if (this.without.size === 0) this.logger.log('Redis is used again.');
    else this.logger.debug(`Redis is used for ${use} again.`);
  }
}
