import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';

/** Questions of the sweep, about no tenant in particular: functions of the database answer them, with ids alone. */
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

  /** Gives back the bytes of reservations older than any upload; a bounded number of them at a time. */
  async releaseAbandoned(): Promise<void> {
    await this.database.lookup('SELECT release_abandoned_uploads()', []);
  }
}
