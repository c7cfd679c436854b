import { Module } from '@nestjs/common';
import { FeatureSettingsReader } from './feature-settings.js';
import { TenantGuard } from './tenant.guard.js';

/** The tenant of a request and its feature settings. */
@Module({
  providers: [TenantGuard, FeatureSettingsReader],
  exports: [TenantGuard, FeatureSettingsReader],
})
export class TenantModule {}
