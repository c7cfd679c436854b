import { Inject, Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { HealthCheck } from './health-check.js';

/** Checks that PostgreSQL reads a table on a connection of the pool: without the schema no request can be answered. */
@Injectable()
export class DatabaseCheck implements HealthCheck {
  readonly name = 'database';
  readonly critical = true;

  constructor(
    @Inject(TenantDatabase) private readonly database: Pick<TenantDatabase, 'lookup' | 'totals'>,
  ) {}

  async probe(): Promise<Record<string, unknown>> {
    const [row] = await this.database.lookup<{ version: string }>(
      `SELECT split_part(current_setting('server_version'), ' ', 1) AS version, EXISTS (SELECT id FROM users) AS found`,
      [],
    );
    const { total, idle, waiting, max } = this.database.totals();
    return { version: row?.version, pool: { total, idle, waiting, max } };
  }
}
