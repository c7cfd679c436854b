import { Injectable } from '@nestjs/common';
import { NIL_UUID } from '@poc-tracker/contracts';
import { TenantDatabase } from '@poc-tracker/tenancy';

export interface CollaboratorRow {
  userId: string;
  addedBy: string | null;
  createdAt: Date;
}

/** The collaborators of the POCs of the current transaction's tenant. */
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

  /** False also if the tenant has no such user. */
  async isActiveUser(tenantId: string, userId: string): Promise<boolean> {
    const [row] = await this.database.query<{ active: boolean }>(
      'SELECT validate_tenant_access($1, $2) AS active',
      [userId, tenantId],
    );
    return row?.active === true;
  }

  /** Idempotent. @throws QueryFailedError if the tenant has no such active user. */
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

  /** @returns false if the user was not a collaborator. */
  async remove(pocId: string, userId: string): Promise<boolean> {
    const rows = await this.database.query(
      'DELETE FROM poc_collaborators WHERE poc_id = $1 AND user_id = $2 RETURNING user_id',
      [pocId, userId],
    );
    return rows.length > 0;
  }
}
