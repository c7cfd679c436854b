import { Injectable } from '@nestjs/common';
import { type SqlRunner, TenantDatabase } from '@poc-tracker/tenancy';
import type { SuppressionResponse } from './suppression.response.js';

export type SuppressionReason = 'bounce' | 'complaint';

/** More than a tenant with a healthy list of users has. */
const LATEST = 500;

const LIST = `
  SELECT id, email, reason, created_at AS "createdAt" FROM suppressed_addresses ORDER BY id DESC LIMIT ${LATEST}`;

const INSERT = `
  INSERT INTO suppressed_addresses (tenant_id, email, reason)
  SELECT tenant_id, email, $3 FROM outgoing_mails WHERE tenant_id = $1 AND id = $2
  ON CONFLICT (tenant_id, email_key) DO NOTHING RETURNING id`;

/** @returns the id of the entry; undefined if there is no such mail, or if its address was suppressed before. */
export async function insertSuppression(
  transaction: SqlRunner,
  { tenantId, id }: { tenantId: string; id: string },
  reason: SuppressionReason,
): Promise<string | undefined> {
  const [added] = await transaction.query<{ id: string }>(INSERT, [tenantId, id, reason]);
  return added?.id;
}

/** The addresses that the current transaction's tenant sends no mails to. */
@Injectable()
export class SuppressionRepository {
  constructor(private readonly database: TenantDatabase) {}

  async list(): Promise<SuppressionResponse[]> {
    return this.database.query(LIST);
  }

  async delete(id: string): Promise<boolean> {
    const sql = 'DELETE FROM suppressed_addresses WHERE id = $1 RETURNING id';
    return (await this.database.query(sql, [id])).length > 0;
  }
}
