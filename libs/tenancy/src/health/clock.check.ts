import { Injectable } from '@nestjs/common';
import { assertClockAgrees } from '../database-time.js';
import { TenantDatabase } from '../tenant-database.js';

/** Checks that the clock of this process agrees with that of PostgreSQL. A HealthCheck of http-service. */
@Injectable()
export class ClockCheck {
  readonly name = 'clock';
  /** This instance still answers, and all others do. */
  readonly critical = false;

  constructor(private readonly database: TenantDatabase) {}

  async probe(): Promise<Record<string, unknown>> {
    await assertClockAgrees(this.database);
    return {};
  }
}
