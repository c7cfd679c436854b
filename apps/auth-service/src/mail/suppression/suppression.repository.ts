import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { SuppressionResponse } from './suppression.response.js';

/** More than a tenant with a healthy list of users has. */
const LATEST = 500;

const LIST = `
  SELECT id, email, reason, created_at AS "createdAt" FROM suppressed_addresses ORDER BY id DESC LIMIT ${LATEST}`;

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
