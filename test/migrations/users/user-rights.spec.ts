import type { Permission } from '@poc-tracker/contracts';
import { seedTenant, seedUser } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Context, HASH, refusal, useServiceDatabase } from '../service-database.js';

const db = useServiceDatabase();

describe('The password of a user', () => {
  it('is chosen by that user, and by no user who manages them', async () => {
    const { tenantId } = await seedTenant(db.database);
    const admin = await seedUser(db.database, tenantId, { role: 'admin' });
    const { userId } = await seedUser(db.database, tenantId);
    const set = (context: Context): Promise<unknown> =>
      db.statement(context, 'UPDATE users SET password_hash = $2 WHERE id = $1', [userId, HASH]);
    await expect(set({ tenantId, userId: admin.userId, role: 'admin' })).rejects.toEqual(
      refusal('42501', 'users_own_password'),
    );
    await set({ tenantId, userId, role: 'user', permissions: [] });
  });

  it('is replaced by a temporary one only by users who hold every permission of the user', async () => {
    const { tenantId } = await seedTenant(db.database);
    const manager = await seedUser(db.database, tenantId, { role: 'manager' });
    const asManager = { tenantId, userId: manager.userId, role: 'manager' };
    const auditor = await seedUser(db.database, tenantId, { permissions: ['view_audit'] });
    const admin = await seedUser(db.database, tenantId, { role: 'admin' });
    const user = await seedUser(db.database, tenantId);
    const reset = async (context: Context, id: string): Promise<unknown> =>
      (
        await db.statement(
          context,
          `UPDATE users SET password_hash = $2, must_change_password = true,
                            temporary_password_expires_at = now() + interval '72 hours' WHERE id = $1`,
          [id, `${HASH}x`],
        )
      ).rowCount;
    expect(await reset(asManager, user.userId)).toBe(1);
    expect(await reset(asManager, admin.userId)).toBe(0);
    await expect(reset(asManager, auditor.userId)).rejects.toEqual(
      refusal('42501', 'users_rights_held'),
    );
    const asUser = { tenantId, userId: user.userId, role: 'user' };
    expect(await reset(asUser, auditor.userId)).toBe(0);
    // Otherwise a second statement would turn the temporary password into one that opens sessions.
    const accept = (context: Context): Promise<unknown> =>
      db.statement(context, 'UPDATE users SET must_change_password = false WHERE id = $1', [
        user.userId,
      ]);
    await expect(accept(asManager)).rejects.toEqual(refusal('42501', 'users_own_password'));
    await accept({ ...asUser, permissions: [] });
  });

  it('expires after 720 hours at most if it is temporary, and only a new one moves that time', async () => {
    const { tenantId } = await seedTenant(db.database);
    const manager = await seedUser(db.database, tenantId, { role: 'manager' });
    const { userId } = await seedUser(db.database, tenantId, { mustChangePassword: true });
    const asManager = { tenantId, userId: manager.userId, role: 'manager' };
    const asUser = { tenantId, userId, role: 'user', permissions: [] };
    const set = async (context: Context, expiry: string, hash?: string): Promise<unknown> => {
      const values = hash === undefined ? [userId] : [userId, hash];
      const password =
        hash === undefined ? '' : ', password_hash = $2, must_change_password = true';
      const change = `temporary_password_expires_at = ${expiry}${password}`;
      return (await db.statement(context, `UPDATE users SET ${change} WHERE id = $1`, values))
        .rowCount;
    };
    const refused = refusal('42501', 'users_own_password');
    expect(await set(asManager, `now() + interval '720 hours'`, `${HASH}a`)).toBe(1);
    for (const context of [asManager, asUser])
      for (const expiry of [`now() + interval '1 hour'`, 'NULL'])
        await expect(set(context, expiry)).rejects.toEqual(refused);
    for (const expiry of [`now() + interval '720 hours 1 second'`, `'infinity'`, 'NULL'])
      await expect(set(asManager, expiry, `${HASH}b`)).rejects.toEqual(refused);
    // The user replaces it by one of their own, which does not expire.
    expect(await set(asUser, 'NULL', `${HASH}c`)).toBe(1);
  });
});

describe('The permissions of a user', () => {
  async function seedManagerAndUser() {
    const { tenantId } = await seedTenant(db.database);
    await seedUser(db.database, tenantId, { role: 'admin' });
    const manager = await seedUser(db.database, tenantId, { role: 'manager' });
    const { userId } = await seedUser(db.database, tenantId, { permissions: ['view_audit'] });
    return {
      tenantId,
      userId,
      asManager: { tenantId, userId: manager.userId, role: 'manager' },
    };
  }

  it('are neither granted nor revoked by a user who lacks them, whatever their role', async () => {
    const { tenantId, userId, asManager } = await seedManagerAndUser();
    const asAdminWithoutRights = {
      tenantId,
      userId: asManager.userId,
      role: 'admin',
      permissions: ['manage_users'],
    };
    const set = (context: Context, permissions: Permission[]): Promise<unknown> =>
      db.statement(context, 'UPDATE users SET permissions = $2 WHERE id = $1', [
        userId,
        JSON.stringify(permissions),
      ]);
    for (const context of [asManager, asAdminWithoutRights]) {
      for (const refused of [[], ['view_audit', 'manage_settings'], ['manage_roles']] as const) {
        await expect(set(context, [...refused])).rejects.toEqual(
          refusal('42501', 'users_rights_held'),
        );
      }
    }
    await set(asManager, ['view_audit', 'view_usage']);
    await set(asManager, ['view_audit']);
  });

  it('limit who suspends or deletes the user, or changes the address that they log in with', async () => {
    const { tenantId, userId, asManager } = await seedManagerAndUser();
    for (const change of [
      `UPDATE users SET status = 'suspended'`,
      `UPDATE users SET email = 'other@example.com'`,
      'DELETE FROM users',
    ]) {
      const sql = `${change} WHERE id = $1`;
      await expect(db.statement(asManager, sql, [userId])).rejects.toEqual(
        refusal('42501', 'users_rights_held'),
      );
    }
    const auditor = {
      ...asManager,
      permissions: ['manage_users', 'create_pocs', 'view_audit'],
    };
    await db.statement(auditor, `UPDATE users SET status = 'suspended' WHERE id = $1`, [userId]);
    await db.statement(
      { tenantId, userId, role: '', permissions: [] },
      `UPDATE users SET email = 'mine@example.com' WHERE id = $1`,
      [userId],
    );
    await db.statement(auditor, 'DELETE FROM users WHERE id = $1', [userId]);
  });

  it('stay with a user whom a higher role has suspended: no lower role lifts that or deletes the user', async () => {
    const { tenantId, asManager } = await seedManagerAndUser();
    const { userId } = await seedUser(db.database, tenantId);
    const admin = await seedUser(db.database, tenantId, { role: 'admin' });
    const asAdmin = { tenantId, userId: admin.userId, role: 'admin' };
    const set = (context: Context, status: string): Promise<unknown> =>
      db.statement(context, 'UPDATE users SET status = $2 WHERE id = $1', [userId, status]);
    await set(asAdmin, 'suspended');
    const held = refusal('42501', 'users_suspended_by_higher_role');
    for (const status of ['active', 'inactive'])
      await expect(set(asManager, status)).rejects.toEqual(held);
    for (const change of [`UPDATE users SET email = 'other@example.com'`, 'DELETE FROM users'])
      await expect(db.statement(asManager, `${change} WHERE id = $1`, [userId])).rejects.toEqual(
        held,
      );
    await set(asAdmin, 'active');
    await set(asManager, 'suspended');
    await set(asManager, 'active');

    await set(asManager, 'suspended');
    await set(asAdmin, 'suspended');
    await set(asManager, 'suspended');
    await expect(set(asManager, 'active')).rejects.toEqual(held);
  });

  it('come with a custom role only from a user who holds all permissions of that role', async () => {
    const { tenantId, userId, asManager } = await seedManagerAndUser();
    const [usageViewer, auditor] = [
      await db.seedRole(tenantId, ['view_usage']),
      await db.seedRole(tenantId, ['view_usage', 'view_audit']),
    ];
    const assign = (roleId: string | null): Promise<unknown> =>
      db.statement(asManager, 'UPDATE users SET custom_role_id = $2 WHERE id = $1', [
        userId,
        roleId,
      ]);
    // The user already holds view_audit, but the manager assigns every permission of the role.
    await expect(assign(auditor)).rejects.toEqual(refusal('42501', 'users_rights_held'));
    await assign(usageViewer);
    await assign(null);
    await db.admin.query(`UPDATE users SET permissions = '[]', custom_role_id = $2 WHERE id = $1`, [
      userId,
      auditor,
    ]);
    await expect(assign(null)).rejects.toEqual(refusal('42501', 'users_rights_held'));
  });

  it('are checked for each source alone, because one source can outlast another', async () => {
    const { tenantId, userId, asManager } = await seedManagerAndUser();
    const auditor = await db.seedRole(tenantId, ['view_audit']);
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

  it('cannot be chosen at registration', async () => {
    const { tenantId } = await seedManagerAndUser();
    const id = randomUUID();
    const roleId = await db.seedRole(tenantId, ['view_usage']);
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

  it('cannot be changed by the user through a custom role', async () => {
    const { tenantId } = await seedManagerAndUser();
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    const update = db.statement(
      { tenantId, userId, role: 'admin' },
      'UPDATE users SET custom_role_id = $2 WHERE id = $1',
      [userId, await db.seedRole(tenantId, [])],
    );
    await expect(update).rejects.toEqual(refusal('42501', 'users_own_role_fixed'));
  });
});

describe('A custom role', () => {
  const INSERT =
    'INSERT INTO tenant_roles (tenant_id, name, name_key, permissions) VALUES ($1, $2::text, $2::text, $3)';

  async function seedHolder(...granted: Permission[]) {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId, { permissions: granted });
    return {
      tenantId,
      userId,
      context: { tenantId, userId, role: 'user', permissions: ['create_pocs', ...granted] },
    };
  }

  it('is created, updated and deleted only by users with manage_roles', async () => {
    for (const [holder, affected] of [
      [await seedHolder('manage_roles'), 1],
      [await seedHolder('manage_users'), 0],
    ] as const) {
      const { tenantId, context } = holder;
      const roleId = await db.seedRole(tenantId, []);
      const insert = db.statement(context, INSERT, [tenantId, 'Guest', '["create_pocs"]']);
      if (affected === 1) await insert;
      else await expect(insert).rejects.toEqual(refusal('42501'));
      for (const sql of [
        `UPDATE tenant_roles SET name = 'Other' WHERE id = $1`,
        'DELETE FROM tenant_roles WHERE id = $1',
      ]) {
        expect((await db.statement(context, sql, [roleId])).rowCount).toBe(affected);
      }
    }
  });

  it('is read by the users who have it, and by users with manage_roles or manage_users', async () => {
    const { tenantId, userId, context } = await seedHolder();
    const roleId = await db.seedRole(tenantId, ['view_usage']);
    const read = async (permissions: Permission[]): Promise<number | null> =>
      (
        await db.statement({ ...context, permissions }, 'SELECT FROM tenant_roles WHERE id = $1', [
          roleId,
        ])
      ).rowCount;
    expect(await read(['manage_roles'])).toBe(1);
    expect(await read(['manage_users'])).toBe(1);
    expect(await read(['view_usage'])).toBe(0);
    await db.admin.query('UPDATE users SET custom_role_id = $2 WHERE id = $1', [userId, roleId]);
    expect(await read([])).toBe(1);
  });

  it('gains and loses only permissions that the caller holds', async () => {
    const { tenantId, context } = await seedHolder('manage_roles', 'view_usage');
    const lacking = refusal('42501', 'tenant_roles_rights_held');
    await expect(
      db.statement(context, INSERT, [tenantId, 'Auditor', '["view_audit"]']),
    ).rejects.toEqual(lacking);
    const roleId = await db.seedRole(tenantId, ['view_audit']);
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

  it('keeps its permissions from the users who hold it, and from users below one who holds it', async () => {
    const { tenantId, userId, context } = await seedHolder('manage_roles', 'view_usage');
    const roleId = await db.seedRole(tenantId, ['view_usage']);
    const { userId: manager } = await seedUser(db.database, tenantId, {
      role: 'manager',
      status: 'suspended',
    });
    const assign = (user: string, role: string | null): Promise<unknown> =>
      db.admin.query('UPDATE users SET custom_role_id = $2 WHERE id = $1', [user, role]);
    const empty = (): Promise<unknown> =>
      db.statement(context, `UPDATE tenant_roles SET permissions = '[]' WHERE id = $1`, [roleId]);
    for (const holder of [userId, manager]) {
      await assign(holder, roleId);
      await expect(empty()).rejects.toEqual(refusal('42501', 'tenant_roles_holders'));
      await assign(holder, null);
    }
    await empty();
  });

  it('has a key of its name that is unique in its tenant', async () => {
    const { tenantId, context } = await seedHolder('manage_roles');
    const other = await seedHolder('manage_roles');
    await db.statement(context, INSERT, [tenantId, 'Guest', '[]']);
    await expect(db.statement(context, INSERT, [tenantId, 'Guest', '[]'])).rejects.toEqual(
      refusal('23505', 'tenant_roles_name_key'),
    );
    await db.statement(other.context, INSERT, [other.tenantId, 'Guest', '[]']);
  });

  it('cannot be deleted while users have it, nor assigned to a user of another tenant', async () => {
    const { tenantId, userId, context } = await seedHolder('manage_roles');
    const roleId = await db.seedRole(tenantId, []);
    const foreign = await db.seedRole((await seedHolder()).tenantId, []);
    const assign = (id: string): Promise<unknown> =>
      db.admin.query('UPDATE users SET custom_role_id = $2 WHERE id = $1', [userId, id]);
    await expect(assign(foreign)).rejects.toEqual(refusal('23503', 'users_custom_role_fkey'));
    await assign(roleId);
    await expect(
      db.statement(context, 'DELETE FROM tenant_roles WHERE id = $1', [roleId]),
    ).rejects.toEqual(refusal('23503', 'users_custom_role_fkey'));
  });
});
