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
import { AuditLogRepository } from './audit-log.repository.js';
import { readHead } from './chain/audit-log-page.repository.js';

/** Reads a tenant's audit log. SecurityEvents is the write side. */
@Injectable()
export class AuditLogService {
  constructor(
    private readonly entries: AuditLogRepository,
    private readonly database: TenantDatabase,
  ) {}

  /** @throws ApiError VALIDATION_ERROR for a cursor of another list. */
  async list(principal: Principal, query: ListAuditQuery): Promise<AuditPageResponse> {
    const { limit, cursor, ...filters } = query;
    const list = { list: 'audit', ...filters };
    const before =
      cursor === undefined ? {} : { before: decodePageCursor(principal.tenantId, cursor, list) };
    const rows = await this.database.transaction(principal, () =>
      this.entries.search({ ...filters, ...before }, limit + 1),
    );
    return toPage(principal.tenantId, rows, limit, list);
  }

  /** @throws ApiError NOT_FOUND. */
  async get(principal: Principal, entryId: string): Promise<AuditEntryResponse> {
    const entry = await this.database.transaction(principal, () => this.entries.find(entryId));
    if (entry === null) throw new ApiError('NOT_FOUND');
    return entry;
  }

  /** The head of the hash chain, to be stored elsewhere as a checkpoint. */
  async getHead(principal: Principal): Promise<AuditHeadResponse> {
    return this.database.transaction(principal, () => readHead(this.database, principal.tenantId));
  }
}
