import { type DynamicModule, Module } from '@nestjs/common';
import { SessionStatusService } from '@poc-tracker/auth-kit';
import type { SharedRedis } from '@poc-tracker/redis';
import { DatabaseTenantLookup, type TenancyOptions } from '@poc-tracker/tenancy';
import { CacheStore } from './cache-store.js';
import { CachedTenantLookup } from './cached-tenant-lookup.js';
import { RevocationFeedFreshness } from './freshness.js';
import { RedisLevel } from './redis/redis-level.js';

/** The caches of a process, kept correct by the revocation feed of AuthKitModule. */
@Module({})
export class TenantCacheModule {
  /** @param redis undefined: values are cached in the memory of the process only. */
  static forRoot(redis: SharedRedis | undefined): DynamicModule {
    return {
      module: TenantCacheModule,
      global: true,
      providers: [
        {
          provide: CacheStore,
          inject: [SessionStatusService],
          useFactory: (sessionStatus: SessionStatusService) =>
            new CacheStore(
              new RevocationFeedFreshness(sessionStatus),
              redis && new RedisLevel(redis),
            ),
        },
      ],
      exports: [CacheStore],
    };
  }
}

/** Finds tenants through the cache, for `TenancyModule.forRoot()`. It needs TenantCacheModule. */
export function cachedTenantLookup(): NonNullable<TenancyOptions['lookup']> {
  return {
    inject: [DatabaseTenantLookup, CacheStore],
    useFactory: (source: DatabaseTenantLookup, store: CacheStore) =>
      new CachedTenantLookup(source, store),
  };
}
