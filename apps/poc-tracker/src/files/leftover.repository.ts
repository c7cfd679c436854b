import { Injectable } from '@nestjs/common';
import { contextWithoutRights, TenantDatabase } from '@poc-tracker/tenancy';

/** The result of settling a file. */
export interface SettledFile {
  file: string;
  /** It has a row, and its content was uploaded. */
  complete: boolean;
}

/**
 * Cleanup work of the tracker itself. Database functions do it: they take and return ids only, and the transactions that
 * call them have no permissions.
 */
@Injectable()
export class LeftoverRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** Purged tenants whose files have not been deleted yet. */
  async findPurgedTenants(): Promise<string[]> {
    const rows = await this.database.lookup<{ tenant: string }>(
      'SELECT tenant FROM purged_tenants_with_files()',
      [],
    );
    return rows.map(({ tenant }) => tenant);
  }

  async confirmFilesDeleted(tenantId: string): Promise<void> {
    await this.database.lookup('SELECT confirm_files_deleted($1)', [tenantId]);
  }

  /**
   * Deletes the rows of incomplete uploads, which releases the reserved storage of the tenant.
   * @param userId the user for the audit log; null for the service itself
   */
  async settle(
    { tenantId, userId }: { tenantId: string; userId: string | null },
    ids: readonly string[],
  ): Promise<SettledFile[]> {
    return this.call({ tenantId, userId }, ids, true);
  }

  /** Tells which uploads are complete, and deletes nothing. */
  async inspect(tenantId: string, ids: readonly string[]): Promise<SettledFile[]> {
    return this.call({ tenantId, userId: null }, ids, false);
  }

  /**
   * Marks a limited number of reservations that are older than any running upload, and releases those that were marked a
   * day ago.
   */
  async releaseAbandoned(): Promise<void> {
    await this.database.lookup('SELECT release_abandoned_uploads()', []);
  }

  private async call(
    { tenantId, userId }: { tenantId: string; userId: string | null },
    ids: readonly string[],
    release: boolean,
  ): Promise<SettledFile[]> {
    if (ids.length === 0) return [];
    return this.database.transaction(contextWithoutRights(tenantId, userId), () =>
      this.database.query<SettledFile>('SELECT file, complete FROM settle_uploads($1, $2)', [
        ids,
        release,
      ]),
    );
  }
}
