import { Injectable } from '@nestjs/common';
import {
  GATEKEEPER_ROLE,
  PlatformDatabase,
  type SqlRunner,
  TENANT_TABLES,
} from '@poc-tracker/tenancy';
import type { PurgedTable } from './tenant-purge.plan.js';

/** A purge that has begun and is not finished. */
export interface OpenPurge {
  tenant: string;
  requested_by: string | null;
  reason: string;
}

/**
 * Not purged: they contain only ids and times, tell every process that the tenant and its sessions were deleted, and are pruned
 * within the hour.
 */
const TRANSIENT_TABLES = `('revocation_events', 'session_changes')`;

/** All tenant tables, from the catalogue of the database, so that a table that is added later is purged as well. */
const PURGED_TABLES = `
  SELECT t.oid::regclass::text AS name,
         CASE WHEN has_table_privilege(t.oid, 'DELETE') THEN 'rows'
              WHEN has_table_privilege('${GATEKEEPER_ROLE}', t.oid, 'DELETE') THEN 'function'
              ELSE 'cascade' END AS how,
         has_column_privilege(t.oid, 'tenant_id', 'SELECT') AS readable,
         array(SELECT DISTINCT k.confrelid::regclass::text FROM pg_constraint k
                WHERE k.conrelid = t.oid AND k.contype = 'f' AND k.confrelid <> t.oid) AS parents
    FROM ${TENANT_TABLES} t
   WHERE t.tenant_column = 'tenant_id' AND t.name NOT IN ${TRANSIENT_TABLES}
   ORDER BY 1`;

const DELETE_ROWS = 'SELECT purge_rows($1, $2, $3) AS rows';
const DELETE_BY_FUNCTION = 'SELECT purge_audit_log($1, $2, $3) AS rows';

/** The data of tenants that are being purged. */
@Injectable()
export class TenantPurgeRepository {
  constructor(private readonly database: PlatformDatabase) {}

  async listOpen(): Promise<OpenPurge[]> {
    return this.database.query<OpenPurge>('SELECT * FROM tenants_being_purged()');
  }

  async listTables(): Promise<PurgedTable[]> {
    return this.database.query<PurgedTable>(PURGED_TABLES);
  }

  /** Marks the log-ins that are kept as access records. @param key of their pseudonyms */
  async keepLogIns(tenantId: string, key: Buffer): Promise<void> {
    await this.database.query('SELECT keep_log_ins($1, $2)', [tenantId, key]);
  }

  /** Copies up to `limit` log-ins to the access records. @returns how many. */
  async keepAccessRecords(
    transaction: SqlRunner,
    tenantId: string,
    key: Buffer,
    limit: number,
  ): Promise<number> {
    return countOf(
      await transaction.query('SELECT keep_access_records($1, $2, $3) AS rows', [
        tenantId,
        key,
        limit,
      ]),
    );
  }

  /** @param limit null: all rows. @returns how many were deleted. */
  async deleteRows(
    transaction: SqlRunner,
    tenantId: string,
    { name, how }: PurgedTable,
    limit: number | null,
  ): Promise<number> {
    const sql = how === 'rows' ? DELETE_ROWS : DELETE_BY_FUNCTION;
    return countOf(await transaction.query(sql, [tenantId, name, limit]));
  }

  async deleteTenant(transaction: SqlRunner, tenantId: string): Promise<void> {
    await transaction.query('DELETE FROM tenants WHERE id = $1', [tenantId]);
  }

  async hasRows(transaction: SqlRunner, tenantId: string, { name }: PurgedTable): Promise<boolean> {
    const [answer] = await transaction.query<{ remaining: boolean }>(
      'SELECT has_tenant_rows($1, $2) AS remaining',
      [tenantId, name],
    );
    return answer?.remaining === true;
  }

  async finish(transaction: SqlRunner, tenantId: string): Promise<void> {
    await transaction.query('SELECT finish_purge($1)', [tenantId]);
  }
}

function countOf([answer]: { rows: number }[]): number {
  return answer?.rows ?? 0;
}
