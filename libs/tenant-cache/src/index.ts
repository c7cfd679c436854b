export type { CacheCounts } from './cache-counter.js';
export { CacheStore } from './cache-store.js';
export {
  type Freshness,
  type InvalidationSubscriber,
  RevocationFeedFreshness,
} from './freshness.js';
export { RedisLevel } from './redis/redis-level.js';
export { TenantCache, type TenantCacheOptions } from './tenant-cache.js';
export { cachedTenantLookup, TenantCacheModule } from './tenant-cache.module.js';
export type { Loader } from './single-flight.js';
export type { LoadStart } from './two-level-cache.js';
