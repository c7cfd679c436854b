import { Injectable } from '@nestjs/common';
import { NIL_UUID } from '@poc-tracker/contracts';
import { TenantDatabase } from '@poc-tracker/tenancy';

/** A row of poc_collaborators. */
export interface CollaboratorRow {
  userId: string;
  addedBy: string | null;
  createdAt: Date;
}

/** Who works on the POCs of the current transaction's tenant. */
@Injectable()
export class CollaboratorRepository {
  constructor(private readonly database: TenantDatabase) {}

  async listAfter(pocId: string, userId: string | null, limit: number): Promise<CollaboratorRow[]> {
    return this.database.query<CollaboratorRow>(
      `SELECT user_id AS "userId", added_by AS "addedBy", created_at AS "createdAt" FROM poc_collaborators
        WHERE poc_id = $1 AND user_id > coalesce($2::uuid, '${NIL_UUID}')
        ORDER BY user_id LIMIT $3`,
      [pocId, userId, limit],
    );
  }

  /** Adds them once, however often it is asked. @throws the database's refusal of a person whom the tenant has not. */
  async add(row: {
    tenantId: string;
    pocId: string;
    userId: string;
    addedBy: string;
  }): Promise<void> {
    await this.database.query(
      `INSERT INTO poc_collaborators (tenant_id, poc_id, user_id, added_by) VALUES ($1, $2, $3, $4)
       ON CONFLICT DO NOTHING`,
      [row.tenantId, row.pocId, row.userId, row.addedBy],
    );
  }

  /** @returns whether they were one. */
  async remove(pocId: string, userId: string): Promise<boolean> {
    const rows = await this.database.query(
      'DELETE FROM poc_collaborators WHERE poc_id = $1 AND user_id = $2 RETURNING user_id',
      [pocId, userId],
    );
    return rows.length > 0;
  }
}
