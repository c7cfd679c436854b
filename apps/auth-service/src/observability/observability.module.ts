import { Module } from '@nestjs/common';
import { HealthService } from '@poc-tracker/http-service';
import { ClockCheck, DatabaseCheck } from '@poc-tracker/tenancy';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { SessionModule } from '../session/session.module.js';
import { TenantModule } from '../tenant/tenant.module.js';
import type { ServiceCheck } from './health-check.js';
import { HealthController } from './health.controller.js';
import { JwtSigningCheck } from './jwt-signing.check.js';
import { RedisCheck } from './redis.check.js';
import { TenantResolutionCheck } from './tenant-resolution.check.js';

const CHECKS = [DatabaseCheck, RedisCheck, ClockCheck, TenantResolutionCheck, JwtSigningCheck];

/** Health checks and probes. */
@Module({
  imports: [TenantModule, SessionModule],
  controllers: [HealthController],
  providers: [
    ...CHECKS,
    {
      provide: HealthService,
      inject: [APP_CONFIG, ...CHECKS],
      useFactory: (config: AppConfig, ...checks: ServiceCheck[]) =>
        new HealthService(checks, config),
    },
  ],
})
export class ObservabilityModule {}
