import { Module } from '@nestjs/common';
import { PasswordHasher } from './password.hasher.js';
import { PasswordPolicy } from './password.policy.js';

/** Password hashing and the password policy. */
@Module({
  providers: [PasswordPolicy, PasswordHasher],
  exports: [PasswordPolicy, PasswordHasher],
})
export class ProtectionModule {}
