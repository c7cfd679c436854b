import { Module, type OnModuleInit } from '@nestjs/common';
import { warmUpPasswordStrength } from '../protection/password-strength.js';
import { ProtectionModule } from '../protection/protection.module.js';
import { SessionModule } from '../session/session.module.js';
import { TenantModule } from '../tenant/tenant.module.js';
import { UserModule } from '../user/user.module.js';
import { InvitationModule } from './invitations/invitation.module.js';
import { LoginController } from './login/login.controller.js';
import { LoginService } from './login/login.service.js';
import { EmailController } from './email/email.controller.js';
import { EmailChangeService } from './email/email-change.service.js';
import { EmailVerification } from './email/email-verification.service.js';
import { OneTimeTokenModule } from './one-time-tokens/one-time-token.module.js';
import { PasswordController } from './password/password.controller.js';
import { PasswordResetController } from './password/password-reset.controller.js';
import { PasswordResetService } from './password/password-reset.service.js';
import { PasswordService } from './password/password.service.js';
import { RegistrationController } from './signup/registration.controller.js';
import { RegistrationPolicy } from './signup/registration.policy.js';
import { RegistrationService } from './signup/registration.service.js';
import { SignupController } from './signup/signup.controller.js';
import { SignupService } from './signup/signup.service.js';
import { TenantCreationService } from './signup/tenant-creation.service.js';

/** Log-in, password changes, registration of users and sign-up of tenants. */
@Module({
  imports: [
    TenantModule,
    UserModule,
    SessionModule,
    ProtectionModule,
    InvitationModule,
    OneTimeTokenModule,
  ],
  controllers: [
    EmailController,
    LoginController,
    PasswordController,
    PasswordResetController,
    RegistrationController,
    SignupController,
  ],
  providers: [
    EmailChangeService,
    EmailVerification,
    LoginService,
    PasswordResetService,
    PasswordService,
    RegistrationPolicy,
    RegistrationService,
    SignupService,
    TenantCreationService,
  ],
  exports: [TenantCreationService],
})
export class AuthModule implements OnModuleInit {
  onModuleInit(): void {
    warmUpPasswordStrength();
  }
}
