import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import {
  AuthKitModule,
  JwksKeySource,
  JwtAuthGuard,
  KeyRing,
  PolicyGuard,
} from '@poc-tracker/auth-kit';
import { ConfigModule } from '@poc-tracker/http-service';
import { RateLimitGuard, RateLimitModule, RefusedRequestGuard } from '@poc-tracker/rate-limit';
import { shareRedis } from '@poc-tracker/redis';
import { databaseSessionStatus } from '@poc-tracker/revocation-feed';
import { cachedTenantLookup, TenantCacheModule } from '@poc-tracker/tenant-cache';
import { TenancyModule, TenantInterceptor } from '@poc-tracker/tenancy';
import { TRACKER_CONFIG, type TrackerConfig } from './config/tracker-config.js';
import { EventsModule } from './events/events.module.js';
import { FilesModule } from './files/files.module.js';
import { ObservabilityModule } from './observability/observability.module.js';
import { PocsModule } from './pocs/pocs.module.js';
import { RateLimitLog } from './rate-limits/rate-limit.log.js';
import { SessionSubjects } from './rate-limits/session-subjects.js';
import { TenantGuard } from './tenant/tenant.guard.js';
import { TenantModule } from './tenant/tenant.module.js';

const APPLICATION_NAME = 'poc-tracker';

/** The tracker. auth-kit authenticates and authorizes requests; row-level security decides which rows are visible. */
@Module({})
export class AppModule {
  static forConfig(config: TrackerConfig): DynamicModule {
    const { database, http, tenancy, tokens } = config;
    const redis = shareRedis(config.redis.url, APPLICATION_NAME);
    return {
      module: AppModule,
      imports: [
        ConfigModule.of(TRACKER_CONFIG, config),
        TenancyModule.forRoot({
          ...database,
          login: 'tracker',
          applicationName: APPLICATION_NAME,
          requestTimeoutMs: http.requestTimeoutMs,
          naming: tenancy,
          lookup: cachedTenantLookup(),
          entities: [],
        }),
        AuthKitModule.forRoot({
          issuer: tokens.issuer,
          audience: tokens.audience,
          keys:
            tokens.publicKeys.length > 0
              ? new KeyRing([...tokens.publicKeys])
              : new JwksKeySource({ url: tokens.jwksUrl }),
          sessionStatus: databaseSessionStatus({
            databaseUrl: database.serviceUrl,
            tls: database.tls,
            applicationName: APPLICATION_NAME,
            redis,
          }),
        }),
        TenantCacheModule.forRoot(redis),
        RateLimitModule.forRoot({
          limits: config.rateLimits,
          redis,
          imports: [],
          subjects: SessionSubjects,
          reporter: RateLimitLog,
        }),
        TenantModule,
        PocsModule,
        FilesModule,
        EventsModule,
        ObservabilityModule,
      ],
      providers: [
        { provide: APP_GUARD, useExisting: RefusedRequestGuard },
        { provide: APP_GUARD, useExisting: JwtAuthGuard },
        { provide: APP_GUARD, useExisting: TenantGuard },
        { provide: APP_GUARD, useExisting: RateLimitGuard },
        { provide: APP_GUARD, useExisting: PolicyGuard },
        { provide: APP_INTERCEPTOR, useExisting: TenantInterceptor },
      ],
    };
  }
}
