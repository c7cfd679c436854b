import { Module } from '@nestjs/common';
import { OneTimeTokenModule } from '../auth/one-time-tokens/one-time-token.module.js';
import { FactorModule } from '../factor/factor.module.js';
import { ProtectionModule } from '../protection/protection.module.js';
import { SessionModule } from '../session/session.module.js';
import { TenantModule } from '../tenant/tenant.module.js';
import { UserModule } from '../user/user.module.js';
import { UserAccessService } from './user-access.service.js';
import { UserAdminService } from './user-admin.service.js';
import { RoleController } from './roles/role.controller.js';
import { RoleService } from './roles/role.service.js';
import { TenantRoleRepository } from './roles/tenant-role.repository.js';
import { UserAccessController } from './user-access.controller.js';
import { UserAdminController } from './user-admin.controller.js';
import { UserFactorController } from './user-factor.controller.js';
import { UserFactorService } from './user-factor.service.js';

/** Administration of a tenant's users and custom roles. */
@Module({
  imports: [
    OneTimeTokenModule,
    TenantModule,
    UserModule,
    FactorModule,
    SessionModule,
    ProtectionModule,
  ],
  controllers: [UserAdminController, UserAccessController, UserFactorController, RoleController],
  providers: [
    UserAdminService,
    UserAccessService,
    UserFactorService,
    RoleService,
    TenantRoleRepository,
  ],
})
export class AdminModule {}
