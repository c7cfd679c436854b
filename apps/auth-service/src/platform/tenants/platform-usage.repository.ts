import { Injectable } from '@nestjs/common';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';

/** A stored count that differs from a recount. */
export interface UsageDrift {
  tenantId: string;
  subdomain: string;
  resource: 'users' | 'pocs' | 'storage bytes';
  counted: number;
  actual: number;
}

/** The driver returns bigint as text. */
type DriftRow = Omit<UsageDrift, 'counted' | 'actual'> & { counted: string; actual: string };

/*
 * One statement sees one snapshot, in which counts and rows match: it can run while the service is in use. It reads each
 * table once, however many tenants there are.
 */
const FIND_DRIFT = `
  WITH recount AS (
    SELECT u.tenant_id, t.subdomain, u.user_count, u.poc_count, u.storage_bytes,
           coalesce(p.users, 0) AS users, coalesce(q.pocs, 0) AS pocs, coalesce(f.bytes, 0) AS bytes
      FROM tenant_usage u
      JOIN tenants t ON t.id = u.tenant_id
      LEFT JOIN (SELECT tenant_id, count(*) AS users FROM users
                  WHERE status = 'active' AND ($1::uuid IS NULL OR tenant_id = $1) GROUP BY 1) p USING (tenant_id)
      LEFT JOIN (SELECT tenant_id, count(*) AS pocs FROM pocs
                  WHERE $1::uuid IS NULL OR tenant_id = $1 GROUP BY 1) q USING (tenant_id)
      LEFT JOIN (SELECT tenant_id, sum(counted_bytes) AS bytes FROM poc_files
                  WHERE $1::uuid IS NULL OR tenant_id = $1 GROUP BY 1) f USING (tenant_id)
     WHERE $1::uuid IS NULL OR u.tenant_id = $1)
  SELECT r.tenant_id AS "tenantId", r.subdomain, c.resource, c.counted::text, c.actual::text
    FROM recount r
   CROSS JOIN LATERAL (VALUES ('users', r.user_count::numeric, r.users::numeric),
                              ('pocs', r.poc_count, r.pocs),
                              ('storage bytes', r.storage_bytes, r.bytes)) AS c (resource, counted, actual)
   WHERE c.counted <> c.actual
   ORDER BY r.subdomain, c.resource`;

/** The stored usage of tenants, compared with the rows that it counts. */
@Injectable()
export class PlatformUsageRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** The wrong counts of one tenant, or of all. */
  async findDrift(tenantId: string | null): Promise<UsageDrift[]> {
    const rows = await this.database.query<DriftRow>(FIND_DRIFT, [tenantId]);
    return rows.map((row) => ({
      ...row,
      counted: Number(row.counted),
      actual: Number(row.actual),
    }));
  }

  async recount(transaction: SqlRunner, tenantId: string): Promise<void> {
    await transaction.query('SELECT repair_tenant_usage($1)', [tenantId]);
  }
}
