import { PERMISSIONS, permissionsOfRole, type Permission, ROLES } from '@poc-tracker/contracts';
import { seedTenant, seedUser } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HASH, refusal, ServiceDatabase } from './service-database.js';

let db: ServiceDatabase;

beforeAll(async () => {
  db = await ServiceDatabase.create();
});

afterAll(async () => {
  await db.drop();
});

/** A role of the tenant's own, written past every rule. */
async function seedRole(tenantId: string, permissions: Permission[]): Promise<string> {
  const { rows } = await db.admin.query<{ id: string }>(
    'INSERT INTO tenant_roles (tenant_id, name, permissions) VALUES ($1, $2, $3) RETURNING id',
    [tenantId, randomUUID(), JSON.stringify(permissions)],
  );
  return rows[0]?.id ?? '';
}

const REGISTER = 'INSERT INTO users (tenant_id, email, password_hash) VALUES ($1, $2, $3)';

describe('the people of a tenant', () => {
  it('cannot change their own role, permissions or status', async () => {
    const { tenantId } = await seedTenant(db.database);
    await seedUser(db.database, tenantId, { role: 'admin' });
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    for (const change of [
      `role = 'user'`,
      `permissions = '["manage_users"]'`,
      `status = 'inactive'`,
    ]) {
      const update = db.statement(
        { tenantId, userId, role: 'admin' },
        `UPDATE users SET ${change} WHERE id = $1`,
        [userId],
      );
      await expect(update).rejects.toEqual(refusal('42501', 'users_own_role_fixed'));
    }
    await db.statement(
      { tenantId, userId, role: 'admin' },
      `UPDATE users SET first_name = 'Eva' WHERE id = $1`,
      [userId],
    );
  });

  it('cannot lose their last active admin by demotion, suspension or deletion', async () => {
    const { tenantId } = await seedTenant(db.database);
    await seedUser(db.database, tenantId, { role: 'admin', status: 'suspended' });
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    const context = { tenantId, role: 'admin' };
    for (const change of [
      `UPDATE users SET role = 'user'`,
      `UPDATE users SET status = 'suspended'`,
      'DELETE FROM users',
    ]) {
      const removal = db.statement(context, `${change} WHERE id = $1`, [userId]);
      await expect(removal).rejects.toEqual(refusal('23514', 'users_last_admin_stays'));
    }
  });

  it('keep one admin when two demote each other at the same moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { tenantId } = await seedTenant(db.database);
      const [first, second] = [
        await seedUser(db.database, tenantId, { role: 'admin' }),
        await seedUser(db.database, tenantId, { role: 'admin' }),
      ];
      const demote = (by: string, whom: string): Promise<unknown> =>
        db.statement(
          { tenantId, userId: by, role: 'admin' },
          `UPDATE users SET role = 'user' WHERE id = $1`,
          [whom],
        );
      const results = await Promise.allSettled([
        demote(first.userId, second.userId),
        demote(second.userId, first.userId),
      ]);
      expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    }
  });

  it('go with their tenant, the last admin included', async () => {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    // With a role of the tenant's own, which goes in the same statement.
    await db.admin.query('UPDATE users SET custom_role_id = $2 WHERE id = $1', [
      userId,
      await seedRole(tenantId, ['view_usage']),
    ]);
    const operator = new pg.Client({ connectionString: db.database.platformUrl });
    await operator.connect();
    await operator.query(
      `UPDATE tenants SET status = 'canceled', deleted_at = now() WHERE id = $1`,
      [tenantId],
    );
    await operator.query(`SELECT begin_purge($1, NULL, 'test')`, [tenantId]);
    await operator.query('DELETE FROM tenants WHERE id = $1', [tenantId]);
    const { rows } = await operator.query('SELECT FROM users WHERE tenant_id = $1', [tenantId]);
    await operator.end();
    expect(rows).toEqual([]);
  });

  it('see only active colleagues as users and viewers, and everybody as managers and admins', async () => {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId);
    await seedUser(db.database, tenantId, { status: 'inactive' });
    const seen = async (role: string): Promise<unknown> =>
      (await db.statement({ tenantId, userId, role }, 'SELECT id FROM users')).rowCount;
    expect([
      await seen('viewer'),
      await seen('user'),
      await seen('manager'),
      await seen('admin'),
    ]).toEqual([1, 1, 2, 2]);
    expect(
      (await db.statement({ tenantId, userId: null, role: '' }, 'SELECT id FROM users')).rowCount,
    ).toBe(0);
  });

  it('are written by themselves, by managers below admins, and by admins', async () => {
    const { tenantId } = await seedTenant(db.database);
    const self = await seedUser(db.database, tenantId);
    const other = await seedUser(db.database, tenantId);
    const boss = await seedUser(db.database, tenantId, { role: 'admin' });
    const rename = async (role: string, whom: string): Promise<unknown> =>
      (
        await db.statement(
          { tenantId, userId: self.userId, role },
          `UPDATE users SET first_name = 'X' WHERE id = $1`,
          [whom],
        )
      ).rowCount;
    expect(await rename('user', self.userId)).toBe(1);
    expect(await rename('user', other.userId)).toBe(0);
    expect(await rename('manager', other.userId)).toBe(1);
    expect(await rename('manager', boss.userId)).toBe(0);
    expect(await rename('admin', boss.userId)).toBe(1);
    const promote = db.statement(
      { tenantId, userId: self.userId, role: 'manager' },
      `UPDATE users SET role = 'admin' WHERE id = $1`,
      [other.userId],
    );
    await expect(promote).rejects.toEqual(refusal('42501'));
  });

  it('register with the role of their transaction and no other', async () => {
    const { tenantId } = await seedTenant(db.database);
    const userId = randomUUID();
    const register = (role: string): Promise<unknown> =>
      db.statement(
        { tenantId, userId, role: 'user' },
        'INSERT INTO users (tenant_id, id, email, password_hash, role) VALUES ($1, $2, $3, $4, $5)',
        [tenantId, userId, 'new@example.com', HASH, role],
      );
    await expect(register('manager')).rejects.toEqual(refusal('42501'));
    await register('user');
  });

  it('have passwords that only the look-up of credentials reads, in its own tenant', async () => {
    const { tenantId } = await seedTenant(db.database);
    const { tenantId: elsewhere } = await seedTenant(db.database);
    const { email } = await seedUser(db.database, tenantId);
    await expect(
      db.statement({ tenantId, role: 'admin' }, 'SELECT password_hash FROM users'),
    ).rejects.toEqual(refusal('42501'));
    const find = async (tenant: string): Promise<unknown[]> =>
      (
        await db.statement({ tenantId: tenant, role: '' }, 'SELECT * FROM find_credentials($1)', [
          email.toUpperCase(),
        ])
      ).rows;
    expect(await find(tenantId)).toEqual([
      expect.objectContaining({
        password_hash: expect.stringMatching(/^\$argon2id\$/),
        status: 'active',
      }),
    ]);
    expect(await find(elsewhere)).toEqual([]);
  });

  it('have no password that is stored as it came', async () => {
    const { tenantId } = await seedTenant(db.database);
    const insert = db.statement({ tenantId, role: 'admin' }, REGISTER, [
      tenantId,
      'a@example.com',
      'correct horse',
    ]);
    await expect(insert).rejects.toEqual(refusal('23514', 'users_password_hash_check'));
  });
});

describe('the rights of people, whatever SQL the service runs', () => {
  const HELD = 'SELECT holds_permissions($1, $2) AS held';

  async function scene() {
    const { tenantId } = await seedTenant(db.database);
    await seedUser(db.database, tenantId, { role: 'admin' });
    const manager = await seedUser(db.database, tenantId, { role: 'manager' });
    const { userId } = await seedUser(db.database, tenantId, { permissions: ['view_audit'] });
    return {
      tenantId,
      userId,
      asManager: { tenantId, userId: manager.userId, role: 'manager' },
      // The role of the transaction is the service's to say; what somebody holds is not.
      asManagerWhoSaysAdmin: { tenantId, userId: manager.userId, role: 'admin' },
    };
  }

  it('are the same in the database as in the contracts', async () => {
    const { tenantId } = await seedTenant(db.database);
    for (const role of ROLES) {
      const { userId } = await seedUser(db.database, tenantId, { role });
      const held: Permission[] = [];
      for (const permission of PERMISSIONS) {
        const { rows } = await db.statement({ tenantId, role: '' }, HELD, [
          userId,
          JSON.stringify([permission]),
        ]);
        if (rows[0]?.['held'] === true) held.push(permission);
      }
      expect(held).toEqual([...permissionsOfRole(role)]);
    }
  });

  it('unite the role, their own and the role of the tenant, of active people in the tenant of the transaction', async () => {
    const { tenantId, userId } = await scene();
    const { tenantId: elsewhere } = await seedTenant(db.database);
    const roleId = await seedRole(tenantId, ['manage_roles']);
    await db.admin.query('UPDATE users SET custom_role_id = $2 WHERE id = $1', [userId, roleId]);
    const held = async (tenant: string, ...permissions: Permission[]): Promise<unknown> =>
      (
        await db.statement({ tenantId: tenant, role: '' }, HELD, [
          userId,
          JSON.stringify(permissions),
        ])
      ).rows[0]?.['held'];
    expect(await held(tenantId, 'create_pocs', 'view_audit', 'manage_roles')).toBe(true);
    expect(await held(tenantId, 'create_pocs', 'view_usage')).toBe(false);
    expect(await held(elsewhere, 'create_pocs')).toBe(false);
    await db.admin.query(`UPDATE users SET status = 'suspended' WHERE id = $1`, [userId]);
    expect(await held(tenantId, 'create_pocs')).toBe(false);
  });

  it('are neither given nor taken by whoever lacks them', async () => {
    const { tenantId, userId, asManager, asManagerWhoSaysAdmin } = await scene();
    const set = (context: typeof asManager, permissions: Permission[]): Promise<unknown> =>
      db.statement(context, 'UPDATE users SET permissions = $2 WHERE id = $1', [
        userId,
        JSON.stringify(permissions),
      ]);
    for (const context of [asManager, asManagerWhoSaysAdmin]) {
      for (const refused of [[], ['view_audit', 'manage_settings'], ['view_usage']] as const) {
        await expect(set(context, [...refused])).rejects.toEqual(
          refusal('42501', 'users_rights_held'),
        );
      }
    }
    await set(asManager, ['view_audit', 'view_usage']);
    await set(asManager, ['view_audit']);
    const nobody = { tenantId, userId: randomUUID(), role: 'admin' };
    await expect(set(nobody, ['view_audit', 'view_usage'])).rejects.toEqual(
      refusal('42501', 'users_rights_held'),
    );
  });

  it('come with a role of the tenant only from whoever holds all of it', async () => {
    const { tenantId, userId, asManager } = await scene();
    const [modest, auditor] = [
      await seedRole(tenantId, ['view_usage']),
      await seedRole(tenantId, ['view_usage', 'view_audit']),
    ];
    const give = (roleId: string | null): Promise<unknown> =>
      db.statement(asManager, 'UPDATE users SET custom_role_id = $2 WHERE id = $1', [
        userId,
        roleId,
      ]);
    // They have view_audit by themselves, and still the role is given as a whole.
    await expect(give(auditor)).rejects.toEqual(refusal('42501', 'users_rights_held'));
    await give(modest);
    await give(null);
    await db.admin.query(`UPDATE users SET permissions = '[]', custom_role_id = $2 WHERE id = $1`, [
      userId,
      auditor,
    ]);
    await expect(give(null)).rejects.toEqual(refusal('42501', 'users_rights_held'));
  });

  it('are judged by each source of them, because it outlives the others', async () => {
    const { tenantId, userId, asManager } = await scene();
    const auditor = await seedRole(tenantId, ['view_audit']);
    const arrange = (permissions: Permission[], roleId: string | null): Promise<unknown> =>
      db.admin.query('UPDATE users SET permissions = $2, custom_role_id = $3 WHERE id = $1', [
        userId,
        JSON.stringify(permissions),
        roleId,
      ]);
    const refused = async (change: string): Promise<void> => {
      const update = db.statement(asManager, `UPDATE users SET ${change} WHERE id = $1`, [userId]);
      await expect(update).rejects.toEqual(refusal('42501', 'users_rights_held'));
    };
    await arrange([], auditor);
    await refused(`permissions = '["view_audit"]'`);
    await arrange(['view_audit'], auditor);
    await refused(`permissions = '[]'`);
    await refused('custom_role_id = NULL');
  });

  it('are not what people register with', async () => {
    const { tenantId } = await scene();
    const id = randomUUID();
    const roleId = await seedRole(tenantId, ['view_usage']);
    const register = (column: string, value: string): Promise<unknown> =>
      db.statement(
        { tenantId, userId: id, role: 'user' },
        `INSERT INTO users (tenant_id, id, email, password_hash, role, ${column})
         VALUES ($1, $2, 'new@example.com', $3, 'user', $4)`,
        [tenantId, id, HASH, value],
      );
    await expect(register('permissions', '["manage_users"]')).rejects.toEqual(
      refusal('42501', 'users_rights_held'),
    );
    await expect(register('custom_role_id', roleId)).rejects.toEqual(
      refusal('42501', 'users_rights_held'),
    );
  });

  it('are not changed by themselves through a role of the tenant either', async () => {
    const { tenantId } = await scene();
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    const take = db.statement(
      { tenantId, userId, role: 'admin' },
      'UPDATE users SET custom_role_id = $2 WHERE id = $1',
      [userId, await seedRole(tenantId, [])],
    );
    await expect(take).rejects.toEqual(refusal('42501', 'users_own_role_fixed'));
  });
});

describe('the roles of a tenant, whatever SQL the service runs', () => {
  const MAKE = 'INSERT INTO tenant_roles (tenant_id, name, permissions) VALUES ($1, $2, $3)';

  async function scene(...granted: Permission[]) {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId, { permissions: granted });
    return { tenantId, userId, context: { tenantId, userId, role: 'user' } };
  }

  it('are made, changed and deleted by whoever may manage them, and by nobody else', async () => {
    for (const [maker, affected] of [
      [await scene('manage_roles'), 1],
      [await scene('manage_users'), 0],
    ] as const) {
      const { tenantId, context } = maker;
      const roleId = await seedRole(tenantId, []);
      const made = db.statement(context, MAKE, [tenantId, 'Guest', '["create_pocs"]']);
      if (affected === 1) await made;
      else await expect(made).rejects.toEqual(refusal('42501'));
      for (const sql of [
        `UPDATE tenant_roles SET name = 'Other' WHERE id = $1`,
        'DELETE FROM tenant_roles WHERE id = $1',
      ]) {
        expect((await db.statement(context, sql, [roleId])).rowCount).toBe(affected);
      }
    }
  });

  it('hold and lose only what the maker holds', async () => {
    const { tenantId, context } = await scene('manage_roles', 'view_usage');
    const lacking = refusal('42501', 'tenant_roles_rights_held');
    await expect(
      db.statement(context, MAKE, [tenantId, 'Auditor', '["view_audit"]']),
    ).rejects.toEqual(lacking);
    const roleId = await seedRole(tenantId, ['view_audit']);
    const set = (permissions: Permission[]): Promise<unknown> =>
      db.statement(context, 'UPDATE tenant_roles SET permissions = $2 WHERE id = $1', [
        roleId,
        JSON.stringify(permissions),
      ]);
    await expect(set([])).rejects.toEqual(lacking);
    await expect(set(['view_audit', 'manage_settings'])).rejects.toEqual(lacking);
    await set(['view_audit', 'view_usage']);
    await set(['view_audit']);
  });

  it('have names that differ by more than case, within one tenant', async () => {
    const { tenantId, context } = await scene('manage_roles');
    const other = await scene('manage_roles');
    await db.statement(context, MAKE, [tenantId, 'Guest', '[]']);
    await expect(db.statement(context, MAKE, [tenantId, 'GUEST', '[]'])).rejects.toEqual(
      refusal('23505', 'tenant_roles_name_key'),
    );
    await db.statement(other.context, MAKE, [other.tenantId, 'Guest', '[]']);
  });

  it('stay while people have them, and belong to people of their tenant alone', async () => {
    const { tenantId, userId, context } = await scene('manage_roles');
    const roleId = await seedRole(tenantId, []);
    const foreign = await seedRole((await scene()).tenantId, []);
    const give = (id: string): Promise<unknown> =>
      db.admin.query('UPDATE users SET custom_role_id = $2 WHERE id = $1', [userId, id]);
    await expect(give(foreign)).rejects.toEqual(refusal('23503', 'users_custom_role_fkey'));
    await give(roleId);
    await expect(
      db.statement(context, 'DELETE FROM tenant_roles WHERE id = $1', [roleId]),
    ).rejects.toEqual(refusal('23503', 'users_custom_role_fkey'));
  });
});
