import { deepFreeze } from '@poc-tracker/contracts';
import { runOutsideRequest } from '@poc-tracker/tenancy';
import type { CacheCounter } from './cache-counter.js';
import type { Freshness } from './freshness.js';
import type { InvalidationLog } from './memory/invalidation-log.js';
import type { MemoryLevel } from './memory/memory-level.js';
import type { LoadPosition, RedisLevel, ValueText } from './redis/redis-level.js';
import { QueuedLoads } from './queued-loads.js';
import { type Loader, SingleFlight } from './single-flight.js';

/** A value in memory is valid until its tenant changes. */
export interface CachedValue {
  readonly value: unknown;
  /** Of the invalidation log when its load began. */
  readonly version: number;
  /** Undefined for a name of no tenant. */
  readonly tenantId: string | undefined;
}

/** What all caches of a process share. */
export interface CacheLevels {
  readonly freshness: Freshness;
  readonly log: InvalidationLog;
  readonly memory: MemoryLevel<CachedValue>;
  /** Values about no tenant. Apart, because callers without an account can ask for any number of unknown names. */
  readonly unknownNames: MemoryLevel<CachedValue>;
  /** Undefined without Redis. */
  readonly redis: RedisLevel | undefined;
}

/** The rules of one cache. */
export interface CachePolicy<T> {
  /** Milliseconds; one hour by default. Values are correct however long they are kept: this frees what is not used. */
  readonly ttlMs?: number | undefined;
  /** Validates a value from Redis, which is input like any other. Returns undefined for an invalid one. */
  parse(value: unknown, key: string): T | undefined;
  /**
   * The tenant whose changes invalidate the value. Undefined for a name of no tenant, which any change may give to one.
   * @param scope the tenant whose key it is; undefined for a key without a tenant.
   */
  tenantOf(value: T, scope: string | undefined): string | undefined;
}

/** When a load began. */
export interface LoadStart {
  readonly version: number;
  /** Undefined if the values cannot be stored in Redis. */
  readonly position: LoadPosition | undefined;
}

const DEFAULT_TTL_MS = 60 * 60 * 1000;

/** How long a name of no tenant is kept at most. A new tenant's event ends it earlier. */
const UNKNOWN_NAME_MS = 10_000;

/** How often a request joins a load that a change overtakes, before it loads by itself. */
const MAX_JOINS = 3;

/**
 * Reads values through the memory of this process and Redis. A request gets a value that includes every change that was
 * committed 100 ms before it:
 *
 * - Values in memory are used only while the feed proves that every such change has been delivered, and only if none about
 *   their tenant was delivered since their load began.
 * - Values in Redis are used under the same two conditions. `RedisClock` tells that they were loaded after the last change.
 * - A load that began after the request is used in any case. One that began before it is used under the same conditions.
 * - If the feed proves nothing, also after a short wait, the request loads its value and nothing is stored.
 *
 * Every load runs outside of the request that starts it, because other requests use its result: it has neither the user nor
 * the transaction of that request, and continues if that request is aborted.
 */
export class TwoLevelCache<T> {
  private readonly flights = new SingleFlight<T>();
  private readonly queuedLoads = new QueuedLoads<T>();

  constructor(
    private readonly levels: CacheLevels,
    private readonly policy: CachePolicy<T>,
    private readonly counter: CacheCounter,
  ) {}

  /**
   * @param scope the tenant whose keys they are; undefined for keys without a tenant.
   * @param source loads what no level has. It must not depend on the caller, and needs a connection of its own: do not call
   *   this while the current request uses one.
   * @throws what the source throws. A failed load is not kept.
   */
  async getMany(
    keys: readonly string[],
    scope: string | undefined,
    source: Loader<T>,
  ): Promise<Map<string, T>> {
    const load: Loader<T> = (missingKeys) => runOutsideRequest(() => source(missingKeys));
    const result = new Map<string, T>();
    const { freshness } = this.levels;
    const tenantId = scope ?? this.tenantInMemory(keys);
    const fresh = freshness.waitUntilFresh(tenantId);
    // No promise for what is in memory.
    const isFresh = typeof fresh === 'boolean' ? fresh : await fresh;
    let missing = isFresh ? this.takeFromMemory(keys, result, tenantId) : [...keys];
    this.counter.countMemory(result.size, missing.length);
    for (let join = 0; missing.length > 0 && join < MAX_JOINS; join += 1) {
      if (!freshness.isFresh(tenantId)) break;
      const { values, overtaken } = await this.flights.run(missing, {
        version: this.levels.log.version,
        load: (unshared) => this.fetch(unshared, scope, load),
        isCurrent: (value, version) => this.isCurrent(value, scope, version),
      });
      for (const [key, value] of values) result.set(key, value);
      missing = freshness.isFresh(tenantId)
        ? this.takeFromMemory(overtaken, result, tenantId)
        : [...overtaken];
    }
    if (missing.length > 0)
      for (const [key, value] of await this.queuedLoads.run(missing, load)) result.set(key, value);
    return result;
  }

  /** What to pass to {@link setMany}, requested before the values are loaded. Undefined while nothing may be stored. */
  async beginLoad(scope: string | undefined): Promise<LoadStart | undefined> {
    if (!this.levels.freshness.isFresh(scope)) return undefined;
    const read = await this.readRedis([], scope);
    return { version: this.levels.log.version, position: read?.position };
  }

  /** Stores values that were loaded after the start, unless a change overtook them. */
  async setMany(
    values: ReadonlyMap<string, T>,
    scope: string | undefined,
    start: LoadStart,
  ): Promise<void> {
    const texts = this.storeInMemory(values, scope, start);
    if (start.position !== undefined) await this.levels.redis?.write(start.position, texts);
  }

  /** @returns what to write to Redis as well. */
  private storeInMemory(
    values: ReadonlyMap<string, T>,
    scope: string | undefined,
    { version }: LoadStart,
  ): ValueText[] {
    const { ttlMs = DEFAULT_TTL_MS } = this.policy;
    const texts: ValueText[] = [];
    for (const [key, value] of values) {
      const tenantId = this.policy.tenantOf(value, scope);
      if (!this.levels.log.unchangedSince(version, tenantId)) continue;
      const text = JSON.stringify(value);
      this.keep(key, { value, version, tenantId }, text.length, ttlMs);
      if (tenantId !== undefined) texts.push({ key, text, ttlMs });
    }
    return texts;
  }

  /**
   * Adds what memory has to the result, and returns the other keys.
   * @param tenantId whose values are fresh; undefined for those of all tenants
   */
  private takeFromMemory(
    keys: readonly string[],
    result: Map<string, T>,
    tenantId: string | undefined,
  ): string[] {
    return keys.filter((key) => {
      const { log, memory, unknownNames } = this.levels;
      const cached = memory.get(key) ?? unknownNames.get(key);
      if (cached === undefined) return true;
      // Another tenant has taken the name since.
      if (tenantId !== undefined && cached.tenantId !== tenantId) return true;
      if (log.unchangedSince(cached.version, cached.tenantId)) {
        result.set(key, cached.value as T);
        return false;
      }
      memory.delete(key);
      unknownNames.delete(key);
      return true;
    });
  }

  /** The only tenant that keys without one belong to as far as memory knows; undefined if any tenant may have taken them. */
  private tenantInMemory(keys: readonly string[]): string | undefined {
    const [tenantId, ...others] = new Set(keys.map((key) => this.levels.memory.get(key)?.tenantId));
    return others.length === 0 ? tenantId : undefined;
  }

  private isCurrent(value: T, scope: string | undefined, version: number): boolean {
    const { log, freshness } = this.levels;
    const tenantId = this.policy.tenantOf(value, scope);
    return freshness.isFresh(tenantId) && log.unchangedSince(version, tenantId);
  }

  private async fetch(
    keys: readonly string[],
    scope: string | undefined,
    load: Loader<T>,
  ): Promise<ReadonlyMap<string, T>> {
    const { log, redis } = this.levels;
    const before = log.version;
    const read = await this.readRedis(keys, scope);
    const result = new Map<string, T>();
    for (const [key, { value: stored, remainingMs, ticket }] of read?.found ?? []) {
      const value = this.policy.parse(stored, key);
      const tenantId = value === undefined ? undefined : this.policy.tenantOf(value, scope);
      if (value === undefined || tenantId === undefined) continue;
      // Both after the reply: a change may have been delivered, or the feed may have become too old, while it was under way.
      if (redis?.trusts(ticket, tenantId) !== true || !this.levels.freshness.isFresh(tenantId))
        continue;
      this.keep(
        key,
        { value, version: before, tenantId },
        JSON.stringify(value).length,
        remainingMs,
      );
      result.set(key, value);
    }
    const missing = keys.filter((key) => !result.has(key));
    if (redis !== undefined) this.counter.countRedis(result.size, missing.length);
    if (missing.length === 0) return result;
    const start = { version: log.version, position: read?.position };
    const loaded = await load(missing);
    const texts = this.storeInMemory(loaded, scope, start);
    // The caller need not wait for it.
    if (start.position !== undefined) void redis?.write(start.position, texts);
    for (const [key, value] of loaded) result.set(key, value);
    return result;
  }

  private async readRedis(
    keys: readonly string[],
    scope: string | undefined,
  ): ReturnType<RedisLevel['read']> {
    const { redis, freshness } = this.levels;
    if (redis === undefined || freshness.source === undefined) return undefined;
    return redis.read(freshness.source, keys, scope);
  }

  private keep(key: string, cached: CachedValue, textLength: number, ttlMs: number): void {
    const { memory, unknownNames } = this.levels;
    if (typeof cached.value === 'object' && cached.value !== null) deepFreeze(cached.value);
    const isUnknown = cached.tenantId === undefined;
    (isUnknown ? memory : unknownNames).delete(key);
    (isUnknown ? unknownNames : memory).set(key, cached, {
      textLength,
      ttlMs: isUnknown ? Math.min(ttlMs, UNKNOWN_NAME_MS) : ttlMs,
    });
  }
}
