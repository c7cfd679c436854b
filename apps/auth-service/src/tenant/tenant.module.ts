import { Module } from '@nestjs/common';
import { TenantController } from './tenant.controller.js';
import { TenantGuard } from './tenant.guard.js';
import { TenantRepository } from './tenant.repository.js';
import { TenantResolver } from './tenant.resolver.js';
import { TenantService } from './tenant.service.js';

/** Tenants: which one a request is for, and what it is, has and uses. */
@Module({
  controllers: [TenantController],
  providers: [TenantService, TenantRepository, TenantResolver, TenantGuard],
  exports: [TenantService, TenantResolver, TenantGuard],
})
export class TenantModule {}
