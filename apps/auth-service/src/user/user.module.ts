import { Module } from '@nestjs/common';
import { ProtectionModule } from '../protection/protection.module.js';
import { OperatorAccountService } from './operator-account.service.js';
import { ProfileController } from './profile.controller.js';
import { UserCredentialsService } from './user-credentials.service.js';
import { UserDirectoryRepository } from './user-directory.repository.js';
import { UserRepository } from './user.repository.js';
import { UserService } from './user.service.js';

/** The users of a tenant: their profiles, their directory and their credentials. */
@Module({
  imports: [ProtectionModule],
  controllers: [ProfileController],
  providers: [
    OperatorAccountService,
    UserCredentialsService,
    UserDirectoryRepository,
    UserRepository,
    UserService,
  ],
  exports: [OperatorAccountService, UserCredentialsService, UserService],
})
export class UserModule {}
