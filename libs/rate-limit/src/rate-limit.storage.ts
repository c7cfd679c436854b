import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import type { SharedRedis } from '@poc-tracker/redis';
import type { Hit, HitCounter, Verdict } from './counting/hit-counter.js';
import { MemoryCounter } from './counting/memory-counter.js';
import { RedisCounter } from './counting/redis-counter.js';
import type { ActiveRule } from './rules/rate-limit-policy.js';
import { seconds } from './request/rate-limit-fields.js';

const PREFIX = 'poc-tracker:rate_limit:';

/** What a health check counts. It is never refused. */
const PROBE: Hit = { key: `${PREFIX}health`, limit: 1_000_000_000, windowSeconds: 1, shadow: true };

/** The storage of @nestjs/throttler: in Redis, or in memory without one. */
export class RateLimitStorage implements ThrottlerStorage, OnModuleInit, OnApplicationShutdown {
  private readonly redis: RedisCounter | undefined;
  private readonly counter: HitCounter;

  constructor(redis: SharedRedis | undefined) {
    this.redis = redis && new RedisCounter(redis);
    this.counter = this.redis ?? new MemoryCounter();
  }

  /** Nest calls it twice: as the storage of ThrottlerModule, and as that of RateLimitModule. */
  async onModuleInit(): Promise<void> {
    await this.redis?.start();
  }

  onApplicationShutdown(): void {
    this.redis?.stop();
  }

  /** @throws Error if limits should be shared and this instance counts for itself. */
  async assertShared(): Promise<void> {
    await this.take([PROBE]);
    if (this.redis?.isDegraded === true)
      throw new Error('Each instance counts rate limits for itself, because Redis does not work.');
  }

  /** Judges all hits of a request together (see HitCounter). */
  take(hits: readonly Hit[]): Verdict[] | Promise<Verdict[]> {
    return this.counter.take(hits);
  }

  /** Resets what a rule has counted for a source. */
  async reset({ name, windowSeconds }: ActiveRule, source: string): Promise<void> {
    await this.counter.reset(hitKey(name, windowSeconds, source));
  }

  /** One limit of the plain ThrottlerGuard, in milliseconds. It blocks as long as the window is full, and no longer. */
  async increment(
    key: string,
    ttl: number,
    limit: number,
    _blockDuration: number,
    throttlerName: string,
  ): ReturnType<ThrottlerStorage['increment']> {
    const hit = {
      key: hitKey(throttlerName, ttl / 1_000, key),
      limit,
      windowSeconds: ttl / 1_000,
      shadow: false,
    };
    const [verdict] = await this.take([hit]);
    if (verdict === undefined) throw new Error('The counter gave no verdict.');
    const reset = seconds(verdict.resetMs);
    return {
      totalHits: limit - verdict.remaining + (verdict.exceeded ? 1 : 0),
      timeToExpire: reset,
      isBlocked: verdict.exceeded,
      timeToBlockExpire: verdict.exceeded ? reset : 0,
    };
  }
}

/** The key of a counter. A window of another length has other slots, so it is part of the key. */
export function hitKey(rule: string, windowSeconds: number, source: string): string {
  return `${PREFIX}${rule}:${windowSeconds}:${source}`;
}
