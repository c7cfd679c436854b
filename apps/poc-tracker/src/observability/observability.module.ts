import { Module } from '@nestjs/common';
import { type HealthCheck, HealthService } from '@poc-tracker/http-service';
import { ClockCheck, DatabaseCheck } from '@poc-tracker/tenancy';
import { TRACKER_CONFIG, type TrackerConfig } from '../config/tracker-config.js';
import { StorageModule } from '../storage/storage.module.js';
import { HealthController } from './health.controller.js';
import { RedisCheck } from './redis.check.js';
import { StorageCheck } from './storage.check.js';

const CHECKS = [DatabaseCheck, StorageCheck, RedisCheck, ClockCheck];

/** Health checks and probes. */
@Module({
  imports: [StorageModule],
  controllers: [HealthController],
  providers: [
    ...CHECKS,
    {
      provide: HealthService,
      inject: [TRACKER_CONFIG, ...CHECKS],
      useFactory: (config: TrackerConfig, ...checks: HealthCheck[]) =>
        new HealthService(checks, config),
    },
  ],
})
export class ObservabilityModule {}
