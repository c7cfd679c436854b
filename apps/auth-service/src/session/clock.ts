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

  /** In the transaction of the request. */
  now(): Promise<Date> {
    return this.nowIn(this.database);
  }

  /** In any transaction: that of the request or an operator's. */
  nowIn(transaction: SqlRunner): Promise<Date> {
    return databaseTime(transaction);
  }
}
