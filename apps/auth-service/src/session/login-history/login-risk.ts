import { Injectable } from '@nestjs/common';
import type { RequestClient } from '@poc-tracker/tenancy';
import { CountryDatabase } from '../../protection/country/country-database.js';
import { knownDevice } from '../../protection/lockout/known-devices.js';
import { PasswordPolicy } from '../../protection/passwords/password.policy.js';
import { LoginHistoryRepository } from './login-history.repository.js';
import { type RiskScore, scoreLogin } from '../../protection/risk/risk-score.js';

/** The user who logs in. */
export interface AssessedUser {
  tenantId: string;
  id: string;
  timezone: string;
}

/** What the user presents. */
export interface PresentedLogin {
  /** The password, which has been verified; undefined for a log-in without one. */
  password?: string | undefined;
  client: RequestClient;
  deviceId?: string | undefined;
}

/** Scores a log-in by the former ones of its user. */
@Injectable()
export class LoginRisk {
  constructor(
    private readonly histories: LoginHistoryRepository,
    private readonly countries: CountryDatabase,
    private readonly passwords: PasswordPolicy,
  ) {}

  /** Call it in the transaction of the log-in, before its session is opened. One query. */
  async assess(
    { tenantId, id, timezone }: AssessedUser,
    { password, client, deviceId }: PresentedLogin,
  ): Promise<RiskScore> {
    const { now, failedFrom, logins } = await this.histories.find(id);
    const attempt = {
      ...client,
      at: now,
      country: this.countries.countryOf(client.ipAddress),
      deviceId,
      isKnownDevice: knownDevice(tenantId, id) !== undefined,
      timeZone: timezone,
      passwordIsLeaked: password !== undefined && this.passwords.isBreached(password),
    };
    const former = logins.map(({ lastUsedFrom, ...login }) => ({
      ...login,
      at: new Date(login.at),
      lastUsedAt: new Date(login.lastUsedAt),
      country: this.countries.countryOf(login.ipAddress),
      lastUsedIn: this.countries.countryOf(lastUsedFrom),
      deviceId: login.deviceId ?? undefined,
    }));
    return scoreLogin(attempt, { logins: former, failedFrom });
  }
}
