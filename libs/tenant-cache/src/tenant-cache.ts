import { tenantKey } from './cache-keys.js';
import type { Loader } from './single-flight.js';
import type { CachePolicy, LoadStart, TwoLevelCache } from './two-level-cache.js';

export type TenantCacheOptions<T> = Pick<CachePolicy<T>, 'ttlMs' | 'parse'>;

/**
 * A cache of values that belong to tenants, declared with {@link CacheStore.declare}. Values are JSON and shared by requests,
 * hence frozen. Cache only what changes in transactions that write an event about the tenant.
 *
 * `load` must not depend on the caller: its result is for every request of the tenant, whatever the rights of its user. It
 * runs outside of the request, so it sees neither the user nor uncommitted changes. It opens a transaction of its own, for
 * example with `TenantDatabase.transaction()`. Do not call `get` or `getMany` while the request uses a connection: if all
 * requests did so, they would wait for a second one forever.
 */
export class TenantCache<T> {
  constructor(
    private readonly name: string,
    private readonly cache: TwoLevelCache<T>,
  ) {}

  /**
   * The value of a key, loaded at most once for all requests that wait for it.
   * @throws TypeError for an invalid tenant id or key, and what `load` throws.
   */
  async get(tenantId: string, key: string, load: () => Promise<T>): Promise<T> {
    const values = await this.getMany(tenantId, [key], async () => new Map([[key, await load()]]));
    return values.get(key) as T;
  }

  /**
   * The values of several keys, with one round trip to Redis and one load. A key that `load` does not return is left out.
   * @throws TypeError for an invalid tenant id or key, and what `load` throws.
   */
  async getMany(
    tenantId: string,
    keys: readonly string[],
    load: Loader<T>,
  ): Promise<Map<string, T>> {
    const names = new Map(keys.map((key) => [this.keyOf(tenantId, key), key]));
    const values = await this.cache.getMany([...names.keys()], tenantId, async (missing) =>
      this.toStored(tenantId, await load(missing.map((stored) => names.get(stored) ?? ''))),
    );
    return new Map([...values].map(([stored, value]) => [names.get(stored) ?? '', value]));
  }

  /**
   * Call it before loading values for {@link setMany}, from committed data only. Undefined while nothing may be stored.
   */
  async beginLoad(tenantId: string): Promise<LoadStart | undefined> {
    return this.cache.beginLoad(tenantId);
  }

  /**
   * Stores values with one round trip to Redis, unless the tenant has changed since the load began.
   * @throws TypeError for an invalid tenant id or key.
   */
  async setMany(tenantId: string, values: ReadonlyMap<string, T>, start: LoadStart): Promise<void> {
    await this.cache.setMany(this.toStored(tenantId, values), tenantId, start);
  }

  private toStored(tenantId: string, values: ReadonlyMap<string, T>): Map<string, T> {
    return new Map([...values].map(([key, value]) => [this.keyOf(tenantId, key), value]));
  }

  private keyOf(tenantId: string, key: string): string {
    return tenantKey(tenantId, this.name, key);
  }
}
