import { Module } from '@nestjs/common';
import { FeatureSettingsRepository } from './feature-settings.repository.js';
import { TenantGuard } from './tenant.guard.js';

/** The tenant of a request and its feature settings. */
@Module({
  providers: [TenantGuard, FeatureSettingsRepository],
  exports: [TenantGuard, FeatureSettingsRepository],
})
export class TenantModule {}
