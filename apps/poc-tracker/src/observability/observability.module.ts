import { Module } from '@nestjs/common';
import { HealthService } from '@poc-tracker/http-service';
import { TRACKER_CONFIG, type TrackerConfig } from '../config/tracker-config.js';
import { StorageModule } from '../storage/storage.module.js';
import { ClockCheck, DatabaseCheck, StorageCheck, type TrackerCheck } from './health-checks.js';
import { HealthController } from './health.controller.js';

const CHECKS = [DatabaseCheck, StorageCheck, ClockCheck];

/** Health checks and probes. */
@Module({
  imports: [StorageModule],
  controllers: [HealthController],
  providers: [
    ...CHECKS,
    {
      provide: HealthService,
      inject: [TRACKER_CONFIG, ...CHECKS],
      useFactory: (config: TrackerConfig, ...checks: TrackerCheck[]) =>
        new HealthService(checks, config),
    },
  ],
})
export class ObservabilityModule {}
