import { Module } from '@nestjs/common';
import { RedisModule } from '../redis/redis.module.js';
import { CountryAccess } from './country/country-access.js';
import { CountryDatabase } from './country/country-database.js';
import { AccountLock } from './lockout/account-lock.js';
import { DeviceCookies } from './lockout/device-cookies.js';
import { PasswordHasher } from './password.hasher.js';
import { PasswordPolicy } from './password.policy.js';
import { LoginHistoryRepository } from './risk/login-history.repository.js';
import { LoginRisk } from './risk/login-risk.js';

/**
 * Password hashing, the password policy, the lock of accounts whose password is guessed, the country policy, and the risk of
 * log-ins.
 */
@Module({
  imports: [RedisModule],
  providers: [
    AccountLock,
    CountryAccess,
    CountryDatabase,
    DeviceCookies,
    LoginHistoryRepository,
    LoginRisk,
    PasswordPolicy,
    PasswordHasher,
  ],
  exports: [
    AccountLock,
    CountryAccess,
    CountryDatabase,
    DeviceCookies,
    LoginRisk,
    PasswordPolicy,
    PasswordHasher,
  ],
})
export class ProtectionModule {}
