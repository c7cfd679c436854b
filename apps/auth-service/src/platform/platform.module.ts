import { Module } from '@nestjs/common';
import { ProtectionModule } from '../protection/protection.module.js';
import { TenantModule } from '../tenant/tenant.module.js';
import { OperatorActivationService } from './operator-activation.service.js';
import { OperatorController } from './operator.controller.js';
import { OperatorService } from './operator.service.js';
import { PlatformLifecycleController } from './platform-lifecycle.controller.js';
import { PlatformLifecycleService } from './platform-lifecycle.service.js';
import { PlatformTenantController } from './platform-tenant.controller.js';
import { PlatformTenantService } from './platform-tenant.service.js';

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
