import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { ENTRY_COLUMNS } from './audit-entry.js';
import type { AuditEntryResponse } from './audit.dto.js';
import { type EntryFilters, searchStatement } from './entry-search.js';

const FIND = `
  SELECT e.*, c.position::float8 AS position, encode(c.hash, 'hex') AS hash
    FROM (SELECT ${ENTRY_COLUMNS.security_events} FROM security_events WHERE id = $1
          UNION ALL
          SELECT ${ENTRY_COLUMNS.audit_log} FROM audit_log WHERE id = $1) e
    LEFT JOIN audit_chain c ON c.tenant_id = e."tenantId" AND c.entry_id = e.id AND c.entry_table = e."table"`;

/** The entries of the audit log of the current transaction's tenant; row-level security hides those of any other. */
@Injectable()
export class AuditLogRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** The latest entries that match the filters, newest first. */
  async search(filters: EntryFilters, limit: number): Promise<AuditEntryResponse[]> {
    const statement = searchStatement(filters, limit);
    if (statement === null) return [];
    // eslint-disable-next-line poc/sql-from-constants -- searchStatement builds it from constants
    return this.database.query<AuditEntryResponse>(statement.sql, statement.params);
  }

  async find(entryId: string): Promise<AuditEntryResponse | null> {
    const [entry] = await this.database.query<AuditEntryResponse>(FIND, [entryId]);
    return entry ?? null;
  }
}
