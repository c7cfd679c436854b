import { Inject, Injectable } from '@nestjs/common';
import { TenantDatabase, WriteProbe } from '@poc-tracker/tenancy';
import type { ServiceCheck } from './health-check.js';

/** Checks that PostgreSQL accepts writes. */
@Injectable()
export class DatabaseCheck implements ServiceCheck {
  readonly name = 'database';
  readonly critical = true;
  readonly neededToBeReady = true;

  constructor(
    @Inject(WriteProbe) private readonly writes: Pick<WriteProbe, 'assertWritable'>,
    @Inject(TenantDatabase) private readonly database: Pick<TenantDatabase, 'totals'>,
  ) {}

  probe(): Promise<Record<string, unknown>> {
    const { version } = this.writes.assertWritable();
    const { total, idle, waiting, max } = this.database.totals();
    return Promise.resolve({ version, pool: { total, idle, waiting, max } });
  }
}
