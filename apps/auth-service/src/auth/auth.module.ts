import { Module } from '@nestjs/common';
import { ProtectionModule } from '../protection/protection.module.js';
import { SessionModule } from '../session/session.module.js';
import { TenantModule } from '../tenant/tenant.module.js';
import { UserModule } from '../user/user.module.js';
import { SignInService } from './login/sign-in.service.js';
import { AuthController } from './login/auth.controller.js';
import { AuthService } from './login/auth.service.js';
import { InvitationModule } from './invitations/invitation.module.js';
import { PasswordService } from './password/password.service.js';
import { RegistrationPolicy } from './signup/registration.policy.js';
import { SignupController } from './signup/signup.controller.js';
import { SignupService } from './signup/signup.service.js';

/** People: how they come in, their passwords and profiles; and tenants, which come with their first admin. */
@Module({
  imports: [TenantModule, UserModule, SessionModule, ProtectionModule, InvitationModule],
  controllers: [AuthController, SignupController],
  providers: [SignInService, AuthService, PasswordService, RegistrationPolicy, SignupService],
})
export class AuthModule {}
