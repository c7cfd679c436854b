import { Module } from '@nestjs/common';
import { CountryAccess } from './country/country-access.js';
import { CountryDatabase } from './country/country-database.js';
import { AccountLock } from './lockout/account-lock.js';
import { DeviceCookies } from './lockout/device-cookies.js';
import { PasswordHasher } from './password.hasher.js';
import { PasswordPolicy } from './password.policy.js';

/** Password hashing, the password policy, the lock of accounts whose password is guessed, and the country policy. */
@Module({
  providers: [
    AccountLock,
    CountryAccess,
    CountryDatabase,
    DeviceCookies,
    PasswordPolicy,
    PasswordHasher,
  ],
  exports: [
    AccountLock,
    CountryAccess,
    CountryDatabase,
    DeviceCookies,
    PasswordPolicy,
    PasswordHasher,
  ],
})
export class ProtectionModule {}
