import { Module } from '@nestjs/common';
import { ProtectionModule } from '../protection/protection.module.js';
import { SessionModule } from '../session/session.module.js';
import { TenantModule } from '../tenant/tenant.module.js';
import { AdmissionService } from './admission.service.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { InvitationModule } from './invitations/invitation.module.js';
import { JwksController } from './jwks.controller.js';
import { PasswordService } from './password.service.js';
import { ProfileController } from './profile.controller.js';
import { RegistrationPolicy } from './registration.policy.js';
import { SignupController } from './signup.controller.js';
import { SignupService } from './signup.service.js';
import { UserDirectoryRepository } from './user-directory.repository.js';
import { UserRepository } from './user.repository.js';
import { UserService } from './user.service.js';

/** People: how they come in, their passwords and profiles; and tenants, which come with their first admin. */
@Module({
  imports: [TenantModule, SessionModule, ProtectionModule, InvitationModule],
  controllers: [AuthController, ProfileController, SignupController, JwksController],
  providers: [
    AdmissionService,
    AuthService,
    PasswordService,
    RegistrationPolicy,
    SignupService,
    UserDirectoryRepository,
    UserRepository,
    UserService,
  ],
  exports: [UserService],
})
export class AuthModule {}
