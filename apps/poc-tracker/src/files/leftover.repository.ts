import { Injectable } from '@nestjs/common';
import { contextWithoutRights, TenantDatabase } from '@poc-tracker/tenancy';

/** What is known of a file after its upload was settled. */
export interface SettledFile {
  file: string;
  /** It had a row. */
  known: boolean;
  /** It has a row, and its content was uploaded. */
  complete: boolean;
}

/**
 * The tracker's own work, which no user asks for. Functions of the database do it: they take and return ids only, and
 * the transactions that call them have no rights.
 */
@Injectable()
export class LeftoverRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** Tenants that are gone and whose files are not. */
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
   * Deletes the rows of those files whose upload did not complete, which gives their bytes back to the tenant.
   * @param userId whom the audit log names; null for the service itself.
   */
  async settle(
    { tenantId, userId }: { tenantId: string; userId: string | null },
    ids: readonly string[],
  ): Promise<SettledFile[]> {
    return this.database.transaction(contextWithoutRights(tenantId, userId), () =>
      this.database.query<SettledFile>('SELECT file, known, complete FROM settle_uploads($1)', [
        ids,
      ]),
    );
  }

  /** Gives back the bytes of reservations older than any upload; a bounded number of them at a time. */
  async releaseAbandoned(): Promise<void> {
    await this.database.lookup('SELECT release_abandoned_uploads()', []);
  }
}
