import { Injectable } from '@nestjs/common';
import { databaseTime, type SqlRunner, TenantDatabase } from '@poc-tracker/tenancy';

/**
 * The time of sessions and tokens: that of PostgreSQL, because requests of one session reach processes whose clocks differ.
 * With two clocks a spent refresh token would be accepted for longer than its grace period, or an honest repetition
 * would end the session. SQL gets the time as a parameter instead of calling `now()`, so that a test can move it.
 */
@Injectable()
export class Clock {
  constructor(private readonly database: TenantDatabase) {}

  /** @param transaction an operator's. Default: the current one of the tenant. */
  now(transaction: SqlRunner = this.database): Promise<Date> {
    return databaseTime(transaction);
  }
}
