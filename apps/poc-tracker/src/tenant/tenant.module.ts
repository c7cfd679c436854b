import { Module } from '@nestjs/common';
import { FeatureSettingsRepository } from './feature-settings.repository.js';
import { FeatureSettingsService } from './feature-settings.service.js';
import { TenantGuard } from './tenant.guard.js';

/** The tenant of a request and its feature settings. */
@Module({
  providers: [TenantGuard, FeatureSettingsService, FeatureSettingsRepository],
  exports: [TenantGuard, FeatureSettingsService],
})
export class TenantModule {}
