import { CacheCounter, type CacheCounts } from './cache-counter.js';
import { assertCacheName, assertTenantId } from './cache-keys.js';
import type { Freshness } from './freshness.js';
import { InvalidationLog } from './memory/invalidation-log.js';
import { MemoryLevel } from './memory/memory-level.js';
import type { RedisLevel } from './redis/redis-level.js';
import { TenantCache, type TenantCacheOptions } from './tenant-cache.js';
import { type CacheLevels, type CachePolicy, TwoLevelCache } from './two-level-cache.js';

/** Callers with an account can make a process cache any number of values, until its memory is full. */
const MEMORY_BOUNDS = { maxEntries: 50_000, maxBytes: 64 * 1024 * 1024 };

/** A flood of requests for unknown names would otherwise evict the tenants that exist. */
const UNKNOWN_NAME_BOUNDS = { maxEntries: 10_000, maxBytes: 8 * 1024 * 1024 };

/** All caches of a process. They share its memory, its connection to Redis and the source of invalidations. */
export class CacheStore {
  private readonly levels: CacheLevels;
  private readonly counters = new Map<string, CacheCounter>();

  constructor(freshness: Freshness, redis?: RedisLevel) {
    const log = new InvalidationLog();
    this.levels = {
      freshness,
      log,
      memory: new MemoryLevel(MEMORY_BOUNDS),
      unknownNames: new MemoryLevel(UNKNOWN_NAME_BOUNDS),
      redis,
    };
    freshness.subscribe({
      onTenantsChanged: (tenantIds) => this.invalidate(tenantIds),
      onGap: () => {
        log.invalidateAll();
        redis?.invalidateAll();
      },
    });
  }

  /** Called by Nest. */
  onModuleInit(): void {
    this.levels.redis?.start();
  }

  /** Called by Nest, after the requests in flight have been answered. */
  onApplicationShutdown(): void {
    this.levels.redis?.stop();
  }

  /**
   * Declares a cache of values that belong to tenants.
   * @throws TypeError for an invalid name, or one that is declared already.
   */
  declare<T>(name: string, { ttlMs, parse }: TenantCacheOptions<T>): TenantCache<T> {
    const tenantOf = (_value: T, scope: string | undefined) => scope;
    return new TenantCache(name, this.declareShared(name, { ttlMs, parse, tenantOf }));
  }

  /**
   * Declares a cache under keys without a tenant, whose values name their tenant themselves. Only changes of a tenant
   * invalidate them: `dropTenant` does not remove them from Redis.
   * @throws TypeError as `declare` does.
   */
  declareShared<T>(name: string, policy: CachePolicy<T>): TwoLevelCache<T> {
    assertCacheName(name);
    if (this.counters.has(name)) throw new TypeError(`The cache "${name}" is declared already.`);
    const counter = new CacheCounter(name);
    this.counters.set(name, counter);
    return new TwoLevelCache(this.levels, policy, counter);
  }

  /**
   * Drops the values of a tenant from this process, and from Redis those of caches declared with `declare`. This process
   * loads them all again, and what Redis holds under shared keys as well. Costs the same however many there are. Other
   * processes keep what they have in memory, and read shared values from Redis, until the tenant changes or the values
   * expire. Both are correct until then.
   * @throws TypeError if the id is not a lower-case UUID. A failing Redis is no error.
   */
  async dropTenant(tenantId: string): Promise<void> {
    assertTenantId(tenantId);
    this.invalidate([tenantId]);
    await this.levels.redis?.drop(tenantId);
  }

  /** Hits and misses of each cache and level. */
  counts(): CacheCounts[] {
    return [...this.counters.values()].flatMap((counter) => counter.counts());
  }

  private invalidate(tenantIds: readonly string[]): void {
    this.levels.log.record(tenantIds);
    this.levels.redis?.invalidate(tenantIds);
  }
}
