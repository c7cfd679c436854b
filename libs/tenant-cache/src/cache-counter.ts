/** Hits and misses of one level of a cache since the start of the process. */
export interface CacheCounts {
  readonly cache: string;
  readonly level: 'memory' | 'redis';
  readonly hits: number;
  readonly misses: number;
}

/** Counts per cache and not per tenant, so that what callers ask for does not increase the number of counters. */
export class CacheCounter {
  private readonly memory = { hits: 0, misses: 0 };
  private readonly redis = { hits: 0, misses: 0 };

  constructor(private readonly cache: string) {}

  countMemory(hits: number, misses: number): void {
    this.memory.hits += hits;
    this.memory.misses += misses;
  }

  countRedis(hits: number, misses: number): void {
    this.redis.hits += hits;
    this.redis.misses += misses;
  }

  counts(): CacheCounts[] {
    const { cache } = this;
    return [
      { cache, level: 'memory', ...this.memory },
      { cache, level: 'redis', ...this.redis },
    ];
  }
}
