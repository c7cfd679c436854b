import { Inject, Injectable } from '@nestjs/common';
import { assertClockAgrees, TenantDatabase } from '@poc-tracker/tenancy';
import type { ServiceCheck } from './health-check.js';

/** Checks that the clock of this process agrees with that of PostgreSQL. */
@Injectable()
export class ClockCheck implements ServiceCheck {
  readonly name = 'clock';
  /** This instance still answers, and all others do. */
  readonly critical = false;

  constructor(@Inject(TenantDatabase) private readonly database: Pick<TenantDatabase, 'lookup'>) {}

  async probe(): Promise<Record<string, unknown>> {
    await assertClockAgrees(this.database);
    return {};
  }
}
