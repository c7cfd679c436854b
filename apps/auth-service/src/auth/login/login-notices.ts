import { Injectable } from '@nestjs/common';
import { type RequestClient, TenantDatabase } from '@poc-tracker/tenancy';
import { CountryDatabase } from '../../protection/country/country-database.js';
import { knownDevice } from '../../protection/lockout/known-devices.js';
import { isSuspicious, type RiskScore } from '../../protection/risk/risk-score.js';
import { deviceKind } from '../../protection/risk/user-agent.js';
import { UserMails } from '../../user/user-mails.js';
import type { UserResponse } from '../../user/user.response.js';

/** Written in place of what is not known about a client. */
const UNKNOWN = '-';

/** Tells users of log-ins that may not be theirs (OWASP ASVS 6.3.5). */
@Injectable()
export class LoginNotices {
  constructor(
    private readonly mails: UserMails,
    private readonly countries: CountryDatabase,
    private readonly database: TenantDatabase,
  ) {}

  /**
   * Adds a mail about a suspicious log-in, or one from a device that is not known by a cookie or a session, in the transaction of
   * the log-in. Not about the first log-in of a user, before which no device is known.
   */
  async tellOfLogin(
    user: UserResponse,
    { client, risk }: { client: RequestClient; risk: RiskScore },
  ): Promise<void> {
    const suspicious = isSuspicious(risk);
    const isKnown = knownDevice(user.tenantId, user.id) !== undefined;
    if (user.loginCount <= 1 || (isKnown && !suspicious)) return;
    const values = {
      device: deviceKind(client.userAgent) || UNKNOWN,
      address: client.ipAddress ?? UNKNOWN,
      country: this.countries.countryOf(client.ipAddress) ?? UNKNOWN,
      at: user.lastLoginAt ?? user.updatedAt,
    };
    const kind = suspicious ? 'suspicious_login' : 'new_device';
    await this.mails.add(this.database, user, { kind, values });
  }
}
