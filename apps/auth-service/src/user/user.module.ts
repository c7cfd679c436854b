import { Module } from '@nestjs/common';
import { MailModule } from '../mail/mail.module.js';
import { ProtectionModule } from '../protection/protection.module.js';
import { LoginAttempts } from '../rate-limits/login-attempts.js';
import { AccountUnlockService } from './account-unlock.service.js';
import { AdminMails } from './admins/admin-mails.js';
import { AdminRepository } from './admins/admin.repository.js';
import { UsageWarningRepository } from './admins/usage-warning.repository.js';
import { UsageWarnings } from './admins/usage-warnings.js';
import { ColleagueController } from './colleagues/colleague.controller.js';
import { ColleagueRepository } from './colleagues/colleague.repository.js';
import { ColleagueService } from './colleagues/colleague.service.js';
import { ProfileController } from './profile/profile.controller.js';
import { UserCredentialsService } from './user-credentials.service.js';
import { UserDirectoryRepository } from './user-directory.repository.js';
import { UserMails } from './user-mails.js';
import { UserRepository } from './user.repository.js';
import { UserService } from './user.service.js';

/** The users of a tenant: their profiles, their directory and their credentials. */
@Module({
  imports: [MailModule, ProtectionModule],
  controllers: [ColleagueController, ProfileController],
  providers: [
    AccountUnlockService,
    AdminMails,
    AdminRepository,
    ColleagueRepository,
    ColleagueService,
    LoginAttempts,
    UsageWarningRepository,
    UsageWarnings,
    UserCredentialsService,
    UserDirectoryRepository,
    UserMails,
    UserRepository,
    UserService,
  ],
  exports: [AccountUnlockService, AdminMails, UserCredentialsService, UserMails, UserService],
})
export class UserModule {}
