import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { AuthKitModule, JwtAuthGuard, KeyRing, PolicyGuard } from '@poc-tracker/auth-kit';
import { ConfigModule } from '@poc-tracker/http-service';
import { RateLimitGuard, RateLimitModule, RefusedRequestGuard } from '@poc-tracker/rate-limit';
import { shareRedis } from '@poc-tracker/redis';
import { databaseSessionStatus } from '@poc-tracker/revocation-feed';
import { cachedTenantLookup, TenantCacheModule } from '@poc-tracker/tenant-cache';
import { TenancyModule, TenantInterceptor } from '@poc-tracker/tenancy';
import { AdminModule } from './admin/admin.module.js';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import { APP_CONFIG, type AppConfig } from './config/app-config.js';
import { MailModule } from './mail/mail.module.js';
import { FactorModule } from './factor/factor.module.js';
import { OauthModule } from './oauth/oauth.module.js';
import { ObservabilityModule } from './observability/observability.module.js';
import { PlatformModule } from './platform/platform.module.js';
import { ProtectionModule } from './protection/protection.module.js';
import { AccountSubjects } from './rate-limits/account-subjects.js';
import { RateLimitAudit } from './rate-limits/rate-limit.audit.js';
import { RateLimitsController } from './rate-limits/rate-limits.controller.js';
import { RedisModule } from './redis/redis.module.js';
import { RetentionModule } from './retention/retention.module.js';
import { ScheduleModule } from './schedule/schedule.module.js';
import { SessionModule } from './session/session.module.js';
import { UserSession } from './session/user-session.entity.js';
import { TENANT_ENTITIES } from './tenant/tenant.entity.js';
import { TenantGuard } from './tenant/resolution/tenant.guard.js';
import { TenantModule } from './tenant/tenant.module.js';
import { User } from './user/user.entity.js';
import { UserModule } from './user/user.module.js';

const APPLICATION_NAME = 'poc-tracker-auth-service';

/** The whole service. Guards run in the order in which they are listed here: who, for which tenant, how often, with what rights. */
@Module({})
export class AppModule {
  static forConfig(config: AppConfig): DynamicModule {
    const { database, http, tokens } = config;
    const redis = shareRedis(config.redis.url, APPLICATION_NAME);
    return {
      module: AppModule,
      imports: [
        ConfigModule.of(APP_CONFIG, config),
        TenancyModule.forRoot({
          serviceUrl: database.serviceUrl,
          platformUrl: database.platformUrl,
          poolMin: database.poolMin,
          poolMax: database.poolMax,
          tenantShare: database.tenantShare,
          tls: database.tls,
          preparedStatements: database.preparedStatements,
          requestTimeoutMs: http.requestTimeoutMs,
          naming: config.tenancy,
          lookup: cachedTenantLookup(),
          entities: [...TENANT_ENTITIES, User, UserSession],
        }),
        AuthKitModule.forRoot({
          issuer: tokens.issuer,
          audience: tokens.audience,
          keys: new KeyRing([...tokens.publicKeys]),
          sessionStatus: databaseSessionStatus({
            databaseUrl: database.serviceUrl,
            tls: database.tls,
            applicationName: APPLICATION_NAME,
            redis,
          }),
        }),
        TenantCacheModule.forRoot(redis),
        RedisModule.forRoot(redis),
        RateLimitModule.forRoot({
          limits: config.rateLimits,
          redis,
          imports: [ProtectionModule, SessionModule],
          subjects: AccountSubjects,
          reporter: RateLimitAudit,
        }),
        AuditModule,
        ScheduleModule,
        RetentionModule,
        TenantModule,
        MailModule,
        UserModule,
        FactorModule,
        SessionModule,
        AuthModule,
        AdminModule,
        OauthModule,
        PlatformModule,
        ObservabilityModule,
      ],
      controllers: [RateLimitsController],
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
