import { Module } from '@nestjs/common';
import { PasswordHasher } from './password.hasher.js';
import { PasswordPolicy } from './password.policy.js';

/** What stands between the service and those who guess. */
@Module({
  providers: [PasswordPolicy, PasswordHasher],
  exports: [PasswordPolicy, PasswordHasher],
})
export class ProtectionModule {}
