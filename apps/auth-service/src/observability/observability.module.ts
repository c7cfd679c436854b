import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { RedisModule } from '../redis/redis.module.js';
import { SessionModule } from '../session/session.module.js';
import { TenantModule } from '../tenant/tenant.module.js';
import { ClockCheck } from './clock.check.js';
import { DatabaseCheck } from './database.check.js';
import { HEALTH_CHECKS, type HealthCheck } from './health-check.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { JwtSigningCheck } from './jwt-signing.check.js';
import { RedisCheck } from './redis.check.js';
import { TenantResolutionCheck } from './tenant-resolution.check.js';

const CHECKS = [DatabaseCheck, RedisCheck, ClockCheck, TenantResolutionCheck, JwtSigningCheck];

/** Health checks and probes. */
@Module({
  imports: [TerminusModule, RedisModule, TenantModule, SessionModule],
  controllers: [HealthController],
  providers: [
    ...CHECKS,
    { provide: HEALTH_CHECKS, useFactory: (...checks: HealthCheck[]) => checks, inject: CHECKS },
    HealthService,
  ],
})
export class ObservabilityModule {}
