import { Module } from '@nestjs/common';
import { FeatureSettingsReader } from './feature-settings.js';
import { TenantGuard } from './tenant.guard.js';

/** For which tenant a request is, and what that tenant has set for POCs. */
@Module({
  providers: [TenantGuard, FeatureSettingsReader],
  exports: [TenantGuard, FeatureSettingsReader],
})
export class TenantModule {}
