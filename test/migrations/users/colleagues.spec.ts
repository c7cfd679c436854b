import { NIL_UUID } from '@poc-tracker/contracts';
import { seedTenant, seedUser } from '@poc-tracker/testing';
import { describe, expect, it } from 'vitest';
import { useServiceDatabase } from '../service-database.js';

const db = useServiceDatabase();

const LIST = `SELECT * FROM list_colleagues($1, $2, '', '${NIL_UUID}', $3)`;

describe('The colleagues of a user', () => {
  it('are the active users of their own tenant, with names and picture only', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 20 });
    const { userId } = await seedUser(db.database, tenantId, { role: 'viewer' });
    const { userId: colleague } = await seedUser(db.database, tenantId, { role: 'admin' });
    await seedUser(db.database, tenantId, { status: 'inactive' });
    await seedUser(db.database, tenantId, { status: 'suspended' });
    const other = await seedTenant(db.database);
    await seedUser(db.database, other.tenantId);
    const context = { tenantId, userId, role: 'viewer', permissions: [] };
    const { rows } = await db.statement(context, LIST, [0, '', 100]);
    expect(rows.map(({ id }) => id).sort()).toEqual([userId, colleague].sort());
    for (const row of rows)
      expect(Object.keys(row).sort()).toEqual([
        'avatar_url',
        'first_name',
        'id',
        'key',
        'last_name',
      ]);
  });

  it.each(['email', 'role', 'permissions', 'status', 'last_login_at', 'created_at', 'id'])(
    'have a column %s that no user without manage_users reads',
    async (column) => {
      const { tenantId } = await seedTenant(db.database);
      const { userId } = await seedUser(db.database, tenantId, { role: 'viewer' });
      const { userId: colleague } = await seedUser(db.database, tenantId);
      const context = { tenantId, userId, role: 'viewer', permissions: [] };
      const { rows } = await db.statement(context, `SELECT ${column} FROM users WHERE id = $1`, [
        colleague,
      ]);
      expect(rows).toEqual([]);
    },
  );

  it('are not listed without a tenant, a user or a role, and at most a page at once', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 200 });
    const { userId } = await seedUser(db.database, tenantId);
    await db.admin.query(
      `INSERT INTO users (tenant_id, email, password_hash)
       SELECT tenant_id, n || '@many.example', password_hash FROM users, generate_series(1, 120) n WHERE id = $1`,
      [userId],
    );
    const count = async (context: Parameters<typeof db.statement>[0]): Promise<unknown> =>
      (await db.statement(context, LIST, [0, '', 1_000_000])).rowCount;
    expect(await count({ tenantId, userId: null, role: '' })).toBe(0);
    expect(await count({ tenantId, userId, role: 'viewer' })).toBe(101);
  });
});
