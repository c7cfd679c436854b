import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ProtectionModule } from '../protection/protection.module.js';
import { SessionModule } from '../session/session.module.js';
import { TenantModule } from '../tenant/tenant.module.js';
import { UserModule } from '../user/user.module.js';
import { OperatorAccess } from './access/operator-access.js';
import { OperatorAccessRepository } from './access/operator-access.repository.js';
import { OperatorActivationService } from './operators/operator-activation.service.js';
import { OperatorController } from './operators/operator.controller.js';
import { OperatorFactorRequirement } from './operators/operator-factor-requirement.js';
import { OperatorInvitationRepository } from './operators/operator-invitation.repository.js';
import { OperatorRepository } from './operators/operator.repository.js';
import { OperatorService } from './operators/operator.service.js';
import { OperatorsTenantService } from './operators/operators-tenant.service.js';
import { TenantRateLimitsController } from './rate-limits/tenant-rate-limits.controller.js';
import { TenantRateLimitsRepository } from './rate-limits/tenant-rate-limits.repository.js';
import { TenantRateLimitsService } from './rate-limits/tenant-rate-limits.service.js';
import { PlatformLifecycleController } from './tenants/platform-lifecycle.controller.js';
import { PlatformLifecycleService } from './tenants/platform-lifecycle.service.js';
import { PlatformTenantController } from './tenants/platform-tenant.controller.js';
import { PlatformTenantRepository } from './tenants/platform-tenant.repository.js';
import { PlatformTenantService } from './tenants/platform-tenant.service.js';
import { PlatformUserController } from './users/platform-user.controller.js';
import { PlatformUserService } from './users/platform-user.service.js';

/**
 * What operators do through the routes under /platform. The only module whose requests use the operators' login; no other
 * module of the service imports it.
 */
@Module({
  imports: [TenantModule, UserModule, SessionModule, AuthModule, ProtectionModule],
  controllers: [
    OperatorController,
    PlatformTenantController,
    PlatformLifecycleController,
    PlatformUserController,
    TenantRateLimitsController,
  ],
  providers: [
    OperatorAccess,
    OperatorAccessRepository,
    OperatorActivationService,
    OperatorFactorRequirement,
    OperatorInvitationRepository,
    OperatorRepository,
    OperatorService,
    OperatorsTenantService,
    PlatformLifecycleService,
    PlatformTenantRepository,
    PlatformTenantService,
    PlatformUserService,
    TenantRateLimitsRepository,
    TenantRateLimitsService,
  ],
})
export class PlatformModule {}
