import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '../tenant-database.js';
import { WriteProbe } from '../write-probe/write-probe.js';

/** Checks that PostgreSQL accepts writes. A HealthCheck of http-service. */
@Injectable()
export class DatabaseCheck {
  readonly name = 'database';
  readonly critical = true;
  readonly neededToBeReady = true;

  constructor(
    private readonly writes: WriteProbe,
    private readonly database: TenantDatabase,
  ) {}

  probe(): Promise<Record<string, unknown>> {
    const { version } = this.writes.assertWritable();
    const { total, idle, waiting, max } = this.database.totals();
    return Promise.resolve({ version, pool: { total, idle, waiting, max } });
  }
}
