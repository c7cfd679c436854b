import { Module } from '@nestjs/common';
import { RedisModule } from '../redis/redis.module.js';
import { CountryDatabase } from './country/country-database.js';
import { AccountLock } from './lockout/account-lock.js';
import { DeviceCookies } from './lockout/device-cookies.js';
import { PasswordHasher } from './password.hasher.js';
import { PasswordPolicy } from './password.policy.js';

/** Password hashing, the password policy, and the lock of accounts whose password is guessed. */
@Module({
  imports: [RedisModule],
  providers: [AccountLock, CountryDatabase, DeviceCookies, PasswordPolicy, PasswordHasher],
  exports: [AccountLock, CountryDatabase, DeviceCookies, PasswordPolicy, PasswordHasher],
})
export class ProtectionModule {}
