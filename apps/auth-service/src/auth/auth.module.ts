import { Module } from '@nestjs/common';
import { ProtectionModule } from '../protection/protection.module.js';
import { SessionModule } from '../session/session.module.js';
import { TenantModule } from '../tenant/tenant.module.js';
import { SignInService } from './login/sign-in.service.js';
import { AuthController } from './login/auth.controller.js';
import { AuthService } from './login/auth.service.js';
import { InvitationModule } from './invitations/invitation.module.js';
import { JwksController } from '../session/tokens/jwks.controller.js';
import { PasswordService } from './password/password.service.js';
import { ProfileController } from '../user/profile.controller.js';
import { RegistrationPolicy } from './signup/registration.policy.js';
import { SignupController } from './signup/signup.controller.js';
import { SignupService } from './signup/signup.service.js';
import { UserDirectoryRepository } from '../user/user-directory.repository.js';
import { UserRepository } from '../user/user.repository.js';
import { UserService } from '../user/user.service.js';

/** People: how they come in, their passwords and profiles; and tenants, which come with their first admin. */
@Module({
  imports: [TenantModule, SessionModule, ProtectionModule, InvitationModule],
  controllers: [AuthController, ProfileController, SignupController, JwksController],
  providers: [
    SignInService,
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
