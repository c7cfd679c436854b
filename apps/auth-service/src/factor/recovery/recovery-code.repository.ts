import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';

/** The recovery codes of the current transaction's user. */
@Injectable()
export class RecoveryCodeRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** Deletes the codes of the user, and stores new ones by their hashes. */
  async replaceAll(tenantId: string, userId: string, hashes: readonly Buffer[]): Promise<void> {
    await this.removeAll(userId);
    await this.database.query(
      'INSERT INTO recovery_codes (tenant_id, user_id, code_hash) SELECT $1, $2, unnest($3::bytea[])',
      [tenantId, userId, hashes],
    );
  }

  async removeAll(userId: string): Promise<void> {
    await this.database.query('DELETE FROM recovery_codes WHERE user_id = $1', [userId]);
  }

  async countUnused(userId: string): Promise<number> {
    const [row] = await this.database.query<{ unused: number }>(
      'SELECT count(*)::int AS unused FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL',
      [userId],
    );
    return row?.unused ?? 0;
  }

  /** Uses a code of the current user. @returns false if they have no such code, or if it was used before. */
  async use(hash: Buffer): Promise<boolean> {
    const [row] = await this.database.query<{ used: boolean }>(
      'SELECT use_recovery_code($1) AS used',
      [hash],
    );
    return row?.used === true;
  }
}
