import { ApiError } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { decodePageCursor, toPage } from '@poc-tracker/http-service';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type {
  AuditEntryResponse,
  AuditHeadResponse,
  AuditPageResponse,
  ListAuditQuery,
} from './audit.dto.js';
import { ENTRY_COLUMNS } from './audit-entry.js';
import { readHead } from './chain/audit-log-pages.js';
import { searchStatement } from './entry-search.js';

const FIND = `
  SELECT e.*, c.position::float8 AS position, encode(c.hash, 'hex') AS hash
    FROM (SELECT ${ENTRY_COLUMNS.security_events} FROM security_events WHERE id = $1
          UNION ALL
          SELECT ${ENTRY_COLUMNS.audit_log} FROM audit_log WHERE id = $1) e
    LEFT JOIN audit_chain c ON c.tenant_id = e."tenantId" AND c.entry_id = e.id AND c.entry_table = e."table"`;

/** Reads a tenant's audit log. SecurityEvents is the write side. */
@Injectable()
export class AuditLogService {
  constructor(private readonly database: TenantDatabase) {}

  /** @throws ApiError VALIDATION_ERROR for a cursor of another list. */
  async list(principal: Principal, query: ListAuditQuery): Promise<AuditPageResponse> {
    const { limit, cursor, ...filters } = query;
    const list = { list: 'audit', ...filters };
    const statement = searchStatement(
      {
        ...filters,
        ...(cursor !== undefined && { before: decodePageCursor(principal.tenantId, cursor, list) }),
      },
      limit + 1,
    );
    if (statement === null) return { items: [], nextCursor: null };
    const rows = await this.database.transaction(principal, () =>
      // eslint-disable-next-line poc/sql-from-constants -- searchStatement builds it from constants
      this.database.query<AuditEntryResponse>(statement.sql, statement.params),
    );
    return toPage(principal.tenantId, rows, limit, list);
  }

  /** @throws ApiError NOT_FOUND. */
  async get(principal: Principal, entryId: string): Promise<AuditEntryResponse> {
    const [entry] = await this.database.transaction(principal, () =>
      this.database.query<AuditEntryResponse>(FIND, [entryId]),
    );
    if (entry === undefined) throw new ApiError('NOT_FOUND');
    return entry;
  }

  /** The head of the hash chain, to be stored elsewhere as a checkpoint. */
  async getHead(principal: Principal): Promise<AuditHeadResponse> {
    return this.database.transaction(principal, () => readHead(this.database, principal.tenantId));
  }
}
