import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { Tenant } from './tenant.entity.js';
import { LATEST_EVENTS } from './entitlements/tenant-usage.warnings.js';

/** The usage and the limits of a tenant. The driver returns bigint as text. */
export interface TenantUsageRow {
  user_count: number;
  poc_count: number;
  storage_bytes: string;
  max_users: number;
  max_pocs: number;
  max_storage_gb: number;
  /** When each warning level was last reached, by `<resource>.<level>`. */
  events: Record<string, string | null>;
}

export const USAGE = `
  SELECT u.user_count, u.poc_count, u.storage_bytes, t.max_users, t.max_pocs, t.max_storage_gb, ${LATEST_EVENTS} AS events
    FROM tenant_usage u JOIN tenants t ON t.id = u.tenant_id`;

const CANCEL = `
  SELECT now() + make_interval(days => $2) AS "restorableUntil" WHERE cancel_current_tenant($1)`;

/** The row of the current transaction's tenant. Policies hide all others, so no statement names the tenant. */
@Injectable()
export class TenantRepository {
  constructor(private readonly database: TenantDatabase) {}

  async findCurrent(): Promise<Tenant | undefined> {
    const manager = await this.database.manager();
    const [tenant] = await manager.find(Tenant);
    return tenant;
  }

  /** True if a tenant, also a canceled one, has the subdomain. Call it outside of a transaction. */
  async isSubdomainTaken(subdomain: string): Promise<boolean> {
    const found = await this.database.lookup('SELECT id FROM resolve_tenant(NULL, $1, NULL)', [
      subdomain,
    ]);
    return found.length > 0;
  }

  async findUsage(): Promise<TenantUsageRow | undefined> {
    const [usage] = await this.database.query<TenantUsageRow>(USAGE);
    return usage;
  }

  /** Of the current transaction's tenant. Call it with the permission view_usage. */
  async countActiveSessions(): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(
      'SELECT count_active_sessions() AS count',
    );
    return row?.count ?? 0;
  }

  /** What the mirror of sessions in Redis is compared with: the source of its position, and the time in milliseconds. */
  async mirrorTime(): Promise<{ source: string; now: number }> {
    const [row] = await this.database.query<{ source: string; now: number }>(
      `SELECT source, floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now FROM revocations_since(NULL)`,
    );
    if (row === undefined) throw new Error('revocations_since() returned no row.');
    return row;
  }

  /** @returns until when the tenant can be restored, or null if the current user may not cancel it. */
  async cancelCurrent(reason: string, restoreDays: number): Promise<Date | null> {
    const values = [reason, restoreDays];
    const [row] = await this.database.query<{ restorableUntil: Date }>(CANCEL, values);
    return row?.restorableUntil ?? null;
  }
}
