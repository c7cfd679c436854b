import { Module } from '@nestjs/common';
import { CountryAccess } from './country/country-access.js';
import { CountryDatabase } from './country/country-database.js';
import { DataCipher } from './data-cipher.js';
import { AccountLock } from './lockout/account-lock.js';
import { DeviceCookies } from './lockout/device-cookies.js';
import { PasswordHasher } from './passwords/password.hasher.js';
import { PasswordPolicy } from './passwords/password.policy.js';

/**
 * Password hashing, the password policy, the lock of accounts whose password is guessed, the country policy, and the encryption
 * of stored secrets.
 */
@Module({
  providers: [
    AccountLock,
    CountryAccess,
    CountryDatabase,
    DataCipher,
    DeviceCookies,
    PasswordPolicy,
    PasswordHasher,
  ],
  exports: [
    AccountLock,
    CountryAccess,
    CountryDatabase,
    DataCipher,
    DeviceCookies,
    PasswordPolicy,
    PasswordHasher,
  ],
})
export class ProtectionModule {}
