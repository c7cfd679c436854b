import { NIL_UUID, type Permission } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { nameKey } from '@poc-tracker/text';

/** A custom role of a tenant. */
export interface TenantRole {
  id: string;
  name: string;
  description: string | null;
  permissions: Permission[];
  createdAt: Date;
  updatedAt: Date;
}

/** Who holds a custom role, as far as it limits a change of it. */
export interface RoleHolders {
  self: boolean;
  above: boolean;
}

export type NewTenantRole = Pick<TenantRole, 'name' | 'description' | 'permissions'>;

const COLUMNS = `id, name, description, permissions, created_at AS "createdAt", updated_at AS "updatedAt"`;

/** The custom roles of the current transaction's tenant; row-level security hides those of any other. */
@Injectable()
export class TenantRoleRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** In the order of their ids, which is that of their creation. */
  async listAfter(id: string | null, limit: number): Promise<TenantRole[]> {
    return this.database.query<TenantRole>(
      `SELECT ${COLUMNS} FROM tenant_roles WHERE id > $1 ORDER BY id LIMIT $2`,
      [id ?? NIL_UUID, limit],
    );
  }

  async find(id: string): Promise<TenantRole | undefined> {
    const sql = `SELECT ${COLUMNS} FROM tenant_roles WHERE id = $1`;
    return (await this.database.query<TenantRole>(sql, [id]))[0];
  }

  /** Locks the role until the transaction ends. */
  async findForUpdate(id: string): Promise<TenantRole | undefined> {
    const sql = `SELECT ${COLUMNS} FROM tenant_roles WHERE id = $1 FOR UPDATE`;
    return (await this.database.query<TenantRole>(sql, [id]))[0];
  }

  /** @throws a unique violation if the name, or one that looks like it, is taken (ROLE_EXISTS). */
  async insert(
    tenantId: string,
    { name, description, permissions }: NewTenantRole,
    createdBy: string,
  ): Promise<TenantRole | undefined> {
    const rows = await this.database.query<TenantRole>(
      `INSERT INTO tenant_roles (tenant_id, name, name_key, description, permissions, created_by)
       VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
      [tenantId, name, nameKey(name), description, JSON.stringify(permissions), createdBy],
    );
    return rows[0];
  }

  /** @throws a unique violation if the name, or one that looks like it, is taken (ROLE_EXISTS). */
  async update(
    id: string,
    { name, description, permissions }: NewTenantRole,
  ): Promise<TenantRole | undefined> {
    const rows = await this.database.query<TenantRole>(
      `UPDATE tenant_roles SET name = $2, name_key = $3, description = $4, permissions = $5 WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, name, nameKey(name), description, JSON.stringify(permissions)],
    );
    return rows[0];
  }

  /** @throws a foreign key violation while a user has the role (ROLE_IN_USE). */
  async delete(id: string): Promise<void> {
    await this.database.query('DELETE FROM tenant_roles WHERE id = $1', [id]);
  }

  /** Whether the current user holds the role, and whether a user above them does. */
  async holdersOf(id: string): Promise<RoleHolders> {
    const sql = 'SELECT self, above FROM role_holders($1)';
    const [holders] = await this.database.query<RoleHolders>(sql, [id]);
    return holders ?? { self: false, above: false };
  }
}
