import { Module } from '@nestjs/common';
import { ProtectionModule } from '../protection/protection.module.js';
import { BrandingController } from './branding/branding.controller.js';
import { BrandingRepository } from './branding/branding.repository.js';
import { BrandingService } from './branding/branding.service.js';
import { TenantDomainController } from './domains/tenant-domain.controller.js';
import { TenantDomainRepository } from './domains/tenant-domain.repository.js';
import { TenantDomainService } from './domains/tenant-domain.service.js';
import { DnsTxtResolver, TxtResolver } from './domains/txt-resolver.js';
import { EntitlementController } from './entitlements/entitlement.controller.js';
import { EntitlementRepository } from './entitlements/entitlement.repository.js';
import { EntitlementService } from './entitlements/entitlement.service.js';
import { TenantUsageService } from './entitlements/tenant-usage.service.js';
import { TenantLifecycleController } from './lifecycle/tenant-lifecycle.controller.js';
import { TenantLifecycleJobs } from './lifecycle/tenant-lifecycle.jobs.js';
import { TenantLifecycleRepository } from './lifecycle/tenant-lifecycle.repository.js';
import { TenantLifecycleService } from './lifecycle/tenant-lifecycle.service.js';
import { TenantPurgeRepository } from './lifecycle/tenant-purge.repository.js';
import { TenantPurgeService } from './lifecycle/tenant-purge.service.js';
import { SettingsChangeService } from './settings/settings-change.service.js';
import { SettingsController } from './settings/settings.controller.js';
import { SettingsRepository } from './settings/settings.repository.js';
import { SettingsService } from './settings/settings.service.js';
import { TenantController } from './tenant.controller.js';
import { TenantGuard } from './resolution/tenant.guard.js';
import { TenantRepository } from './tenant.repository.js';
import { TenantService } from './tenant.service.js';

/** Tenants: which one a request is for, and what it is, has and uses. */
@Module({
  imports: [ProtectionModule],
  controllers: [
    BrandingController,
    EntitlementController,
    SettingsController,
    TenantController,
    TenantDomainController,
    TenantLifecycleController,
  ],
  providers: [
    BrandingRepository,
    BrandingService,
    EntitlementRepository,
    EntitlementService,
    SettingsChangeService,
    SettingsRepository,
    SettingsService,
    TenantDomainRepository,
    TenantDomainService,
    TenantGuard,
    TenantLifecycleJobs,
    TenantLifecycleRepository,
    TenantLifecycleService,
    TenantPurgeRepository,
    TenantPurgeService,
    TenantRepository,
    TenantService,
    TenantUsageService,
    { provide: TxtResolver, useClass: DnsTxtResolver },
  ],
  exports: [
    EntitlementService,
    TenantDomainService,
    TenantGuard,
    TenantLifecycleService,
    TenantPurgeService,
    TenantService,
  ],
})
export class TenantModule {}
