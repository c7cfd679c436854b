import { Injectable } from '@nestjs/common';
import { NIL_UUID } from '@poc-tracker/contracts';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import type { EncryptedColumn, EncryptedValue } from '../../protection/encrypted-column.js';
import { seedContext } from './seed-context.js';

/** The encrypted seeds of authenticator apps. */
@Injectable()
export class SeedRotationRepository implements EncryptedColumn {
  readonly column = 'user_factors.secret';

  constructor(private readonly database: PlatformDatabase) {}

  async list(
    after: Pick<EncryptedValue, 'tenantId' | 'id'> | undefined,
    limit: number,
  ): Promise<EncryptedValue[]> {
    const rows = await this.database.query<Omit<EncryptedValue, 'context'> & { userId: string }>(
      `SELECT tenant_id AS "tenantId", user_id AS "userId", id, secret AS stored FROM encrypted_seeds($1, $2, $3)`,
      [after?.tenantId ?? NIL_UUID, after?.id ?? NIL_UUID, limit],
    );
    return rows.map((row) => ({ ...row, context: seedContext(row) }));
  }

  async replace({ tenantId, id, stored }: EncryptedValue, next: Buffer): Promise<boolean> {
    const [row] = await this.database.query<{ replaced: boolean }>(
      'SELECT replace_seed($1, $2, $3, $4) AS replaced',
      [tenantId, id, stored, next],
    );
    return row?.replaced === true;
  }
}
