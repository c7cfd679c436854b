import { Module } from '@nestjs/common';
import { ProtectionModule } from '../protection/protection.module.js';
import { TenantModule } from '../tenant/tenant.module.js';
import { OperatorActivationService } from './operators/operator-activation.service.js';
import { OperatorController } from './operators/operator.controller.js';
import { OperatorService } from './operators/operator.service.js';
import { PlatformLifecycleController } from './tenants/platform-lifecycle.controller.js';
import { PlatformLifecycleService } from './tenants/platform-lifecycle.service.js';
import { PlatformTenantController } from './tenants/platform-tenant.controller.js';
import { PlatformTenantService } from './tenants/platform-tenant.service.js';

/**
 * The platform as its operators see it: all tenants, from outside. The only module whose requests use the operators'
 * login; nothing imports it.
 */
@Module({
  imports: [TenantModule, ProtectionModule],
  controllers: [OperatorController, PlatformTenantController, PlatformLifecycleController],
  providers: [
    OperatorService,
    OperatorActivationService,
    PlatformTenantService,
    PlatformLifecycleService,
  ],
})
export class PlatformModule {}
