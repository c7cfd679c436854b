import { Module, type OnModuleInit } from '@nestjs/common';
import { MailModule } from '../mail/mail.module.js';
import { warmUpPasswordStrength } from '../protection/passwords/password-strength.js';
import { ProtectionModule } from '../protection/protection.module.js';
import { SessionModule } from '../session/session.module.js';
import { TenantModule } from '../tenant/tenant.module.js';
import { UserModule } from '../user/user.module.js';
import { InvitationModule } from './invitations/invitation.module.js';
import { FactorModule } from '../factor/factor.module.js';
import { LoginController } from './login/login.controller.js';
import { LoginService } from './login/login.service.js';
import { EmailController } from './email/email.controller.js';
import { EmailChangeService } from './email/email-change.service.js';
import { EmailVerification } from './email/email-verification.service.js';
import { OneTimeTokenModule } from './one-time-tokens/one-time-token.module.js';
import { MailRequestModule } from './mail-requests/mail-request.module.js';
import { LoginNotices } from './login/login-notices.js';
import { EmailCodeService } from './login/second-factor/email-code.service.js';
import { FactorLoginController } from './login/second-factor/factor-login.controller.js';
import { FactorLoginService } from './login/second-factor/factor-login.service.js';
import { SecondFactorRepository } from './login/second-factor/second-factor.repository.js';
import { SecondFactorService } from './login/second-factor/second-factor.service.js';
import { PasswordController } from './password/password.controller.js';
import { PasswordResetController } from './password/password-reset.controller.js';
import { PasswordResetService } from './password/password-reset.service.js';
import { PasswordService } from './password/password.service.js';
import { LoginCodeService } from './passwordless/login-code.service.js';
import { LoginMethods } from './passwordless/login-methods.js';
import { MagicLinkService } from './passwordless/magic-link.service.js';
import { PasswordlessController } from './passwordless/passwordless.controller.js';
import { ConfirmationController } from './signup/confirmation/confirmation.controller.js';
import { ConfirmationService } from './signup/confirmation/confirmation.service.js';
import { PendingRegistrationRepository } from './signup/confirmation/pending-registration.repository.js';
import { RegistrationController } from './signup/registration.controller.js';
import { RegistrationPolicy } from './signup/registration.policy.js';
import { RegistrationService } from './signup/registration.service.js';
import { SignupController } from './signup/signup.controller.js';
import { SignupService } from './signup/signup.service.js';
import { UserRegistration } from './signup/user-registration.js';
import { TenantCreationService } from './signup/tenant-creation.service.js';
import { StepUpController } from './step-up/step-up.controller.js';
import { StepUpService } from './step-up/step-up.service.js';

/** Log-in, password changes, registration of users and sign-up of tenants. */
@Module({
  imports: [
    FactorModule,
    InvitationModule,
    MailModule,
    MailRequestModule,
    OneTimeTokenModule,
    ProtectionModule,
    SessionModule,
    TenantModule,
    UserModule,
  ],
  controllers: [
    ConfirmationController,
    EmailController,
    FactorLoginController,
    LoginController,
    PasswordController,
    PasswordResetController,
    PasswordlessController,
    RegistrationController,
    SignupController,
    StepUpController,
  ],
  providers: [
    ConfirmationService,
    EmailChangeService,
    EmailCodeService,
    EmailVerification,
    FactorLoginService,
    LoginCodeService,
    LoginMethods,
    LoginNotices,
    LoginService,
    MagicLinkService,
    PasswordResetService,
    PasswordService,
    PendingRegistrationRepository,
    RegistrationPolicy,
    RegistrationService,
    SecondFactorRepository,
    SecondFactorService,
    SignupService,
    StepUpService,
    TenantCreationService,
    UserRegistration,
  ],
  exports: [TenantCreationService],
})
export class AuthModule implements OnModuleInit {
  onModuleInit(): void {
    warmUpPasswordStrength();
  }
}
