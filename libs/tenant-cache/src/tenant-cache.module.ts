import { type DynamicModule, Module } from '@nestjs/common';
import { SessionStatusService } from '@poc-tracker/auth-kit';
import { DatabaseTenantLookup, type TenancyOptions } from '@poc-tracker/tenancy';
import { CacheStore } from './cache-store.js';
import { CachedTenantLookup } from './cached-tenant-lookup.js';
import { RevocationFeedFreshness } from './freshness.js';
import { RedisLevel } from './redis/redis-level.js';

export interface TenantCacheModuleOptions {
  /** Without Redis, values are cached in the memory of the process only. */
  redisUrl: string | undefined;
  /** Name of the service; the connection is named `<name>-cache`. */
  applicationName: string;
}

/** The caches of a process, kept correct by the revocation feed of AuthKitModule. */
@Module({})
export class TenantCacheModule {
  static forRoot({ redisUrl, applicationName }: TenantCacheModuleOptions): DynamicModule {
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
              redisUrl === undefined ? undefined : new RedisLevel(redisUrl, applicationName),
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
