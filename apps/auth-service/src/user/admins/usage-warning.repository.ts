import { Injectable } from '@nestjs/common';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';

export interface CrossedLimit {
  resource: 'users' | 'pocs' | 'storage';
  level: 'warning' | 'reached';
  used: string;
  allowed: string;
  at: Date;
}

const FIND_TENANTS = `
  SELECT DISTINCT tenant_id AS "tenantId" FROM usage_events WHERE told_at IS NULL ORDER BY tenant_id LIMIT $1`;

/* The condition reads the rows as they were before the update. An event that follows another one of the day is not told. */
const TAKE = `
  WITH taken AS (
    UPDATE usage_events SET told_at = clock_timestamp() WHERE tenant_id = $1 AND told_at IS NULL
    RETURNING id, resource, level, used, allowed, created_at
  )
  SELECT DISTINCT ON (t.resource, t.level) t.resource, t.level, t.used, t.allowed, t.created_at AS at FROM taken t
   WHERE NOT EXISTS (SELECT FROM usage_events e
                      WHERE e.tenant_id = $1 AND e.resource = t.resource AND e.level = t.level
                        AND e.told_at >= date_trunc('day', now(), 'UTC'))
   ORDER BY t.resource, t.level, t.id DESC`;

/** The limits that tenants came near or reached, as their admins are told, on the operators' login. */
@Injectable()
export class UsageWarningRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** Tenants with events that were not told. */
  async findTenants(limit: number): Promise<string[]> {
    const rows = await this.database.query<{ tenantId: string }>(FIND_TENANTS, [limit]);
    return rows.map(({ tenantId }) => tenantId);
  }

  /** Marks the events of a tenant as told. @returns the latest of each resource and level that was not told on this day (UTC). */
  async take(transaction: SqlRunner, tenantId: string): Promise<CrossedLimit[]> {
    return transaction.query(TAKE, [tenantId]);
  }
}
