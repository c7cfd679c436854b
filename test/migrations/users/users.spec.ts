import { type Permission, PERMISSIONS } from '@poc-tracker/contracts';
import { seedTenant, seedUser } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type Context,
  HASH,
  INSERT_USER,
  refusal,
  useServiceDatabase,
} from '../service-database.js';

const db = useServiceDatabase();

describe('A user', () => {
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

  it('cannot be demoted, suspended or deleted while they are the last active admin', async () => {
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

  it('is not demoted when the only other admin is demoted at the same time', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { tenantId } = await seedTenant(db.database);
      const [first, second] = [
        await seedUser(db.database, tenantId, { role: 'admin' }),
        await seedUser(db.database, tenantId, { role: 'admin' }),
      ];
      const demote = (by: string, target: string): Promise<unknown> =>
        db.statement(
          { tenantId, userId: by, role: 'admin' },
          `UPDATE users SET role = 'user' WHERE id = $1`,
          [target],
        );
      const results = await Promise.allSettled([
        demote(first.userId, second.userId),
        demote(second.userId, first.userId),
      ]);
      expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    }
  });

  it('is deleted with their tenant, even as its last admin', async () => {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    // With a custom role, which the same statement deletes.
    await db.admin.query('UPDATE users SET custom_role_id = $2 WHERE id = $1', [
      userId,
      await db.seedRole(tenantId, ['view_usage']),
    ]);
    await db.operators.query(
      `UPDATE tenants SET status = 'canceled', deleted_at = now() WHERE id = $1`,
      [tenantId],
    );
    await db.operators.query(`SELECT begin_purge($1, NULL, 'test')`, [tenantId]);
    await db.operators.query('DELETE FROM tenants WHERE id = $1', [tenantId]);
    const { rows } = await db.operators.query('SELECT FROM users WHERE tenant_id = $1', [tenantId]);
    expect(rows).toEqual([]);
  });

  it('reads their own row, and those of all users with manage_users', async () => {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId);
    await seedUser(db.database, tenantId);
    const seen = async (role: string, permissions?: Permission[]): Promise<unknown> =>
      (await db.statement({ tenantId, userId, role, permissions }, 'SELECT id FROM users'))
        .rowCount;
    expect([
      await seen('viewer'),
      await seen('user'),
      await seen('manager'),
      await seen('admin'),
    ]).toEqual([1, 1, 2, 2]);
    const others = PERMISSIONS.filter((permission) => permission !== 'manage_users');
    expect([await seen('admin', others), await seen('viewer', ['manage_users'])]).toEqual([1, 2]);
    expect(
      (await db.statement({ tenantId, userId: null, role: '' }, 'SELECT id FROM users')).rowCount,
    ).toBe(0);
  });

  it('is updated by themselves, and by users with manage_users whose role is not below theirs', async () => {
    const { tenantId } = await seedTenant(db.database);
    const self = await seedUser(db.database, tenantId);
    const other = await seedUser(db.database, tenantId);
    const admin = await seedUser(db.database, tenantId, { role: 'admin' });
    const rename = async (
      role: string,
      target: string,
      permissions?: Permission[],
    ): Promise<unknown> =>
      (
        await db.statement(
          { tenantId, userId: self.userId, role, permissions },
          `UPDATE users SET first_name = 'X' WHERE id = $1`,
          [target],
        )
      ).rowCount;
    expect(await rename('user', self.userId)).toBe(1);
    expect(await rename('user', other.userId)).toBe(0);
    expect(await rename('manager', other.userId)).toBe(1);
    expect(await rename('manager', admin.userId)).toBe(0);
    expect(await rename('admin', admin.userId)).toBe(1);
    const others = PERMISSIONS.filter((permission) => permission !== 'manage_users');
    expect(await rename('admin', other.userId, others)).toBe(0);
    expect(await rename('user', other.userId, ['manage_users'])).toBe(1);
    expect(await rename('viewer', other.userId, ['manage_users'])).toBe(0);
    expect(await rename('super_admin', other.userId, ['manage_users'])).toBe(0);
    const promote = (role: string, to: string): Promise<unknown> =>
      db.statement(
        { tenantId, userId: self.userId, role, permissions: ['manage_users'] },
        'UPDATE users SET role = $2 WHERE id = $1',
        [other.userId, to],
      );
    await expect(promote('manager', 'admin')).rejects.toEqual(refusal('42501'));
    await expect(promote('user', 'manager')).rejects.toEqual(refusal('42501'));
  });

  it('is deleted only by another user with manage_users whose role is not below theirs', async () => {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId, { role: 'manager' });
    const remove = async (context: Omit<Context, 'tenantId'>): Promise<unknown> =>
      (await db.statement({ tenantId, ...context }, 'DELETE FROM users WHERE id = $1', [userId]))
        .rowCount;
    const others = PERMISSIONS.filter((permission) => permission !== 'manage_users');
    expect(await remove({ userId: randomUUID(), role: 'admin', permissions: others })).toBe(0);
    expect(await remove({ userId: randomUUID(), role: 'user', permissions: PERMISSIONS })).toBe(0);
    expect(await remove({ userId, role: 'manager' })).toBe(0);
    expect(await remove({ userId: randomUUID(), role: 'manager' })).toBe(1);
  });

  it('registers with the role user and no other, whatever role the transaction claims', async () => {
    const { tenantId } = await seedTenant(db.database);
    const userId = randomUUID();
    const register = (role: string): Promise<unknown> =>
      db.statement(
        { tenantId, userId, role: 'manager', permissions: [] },
        'INSERT INTO users (tenant_id, id, email, password_hash, role) VALUES ($1, $2, $3, $4, $5)',
        [tenantId, userId, 'new@example.com', HASH, role],
      );
    await expect(register('manager')).rejects.toEqual(refusal('42501'));
    await register('user');
  });

  it('registers as the admin only of a tenant that the same transaction creates, and only as its first user', async () => {
    const insertTenant = 'INSERT INTO tenants (id, name, subdomain) VALUES ($1, $2, $3)';
    const insertUser =
      'INSERT INTO users (tenant_id, id, email, password_hash, role) VALUES ($1, $2, $3, $4, $5)';
    const [tenantId, first, second] = [randomUUID(), randomUUID(), randomUUID()];
    const settings = `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value) VALUES ($1, $2, '{}')`;
    const withoutRole = { tenantId, userId: first, role: '' };
    await db.statement(withoutRole, insertTenant, [tenantId, 'Acme', `acme-${tenantId}`]);
    const late = [tenantId, first, 'first@example.com', HASH, 'admin'];
    await expect(db.statement(withoutRole, insertUser, late)).rejects.toEqual(refusal('42501'));
    await expect(db.statement(withoutRole, settings, [tenantId, 'theme'])).rejects.toEqual(
      refusal('42501'),
    );

    const created = randomUUID();
    await db.within({ tenantId: created, userId: first, role: '' }, async (client) => {
      await client.query(insertTenant, [created, 'Beta', `beta-${created}`]);
      await client.query(settings, [created, 'theme']);
      await client.query(insertUser, [created, first, 'first@example.com', HASH, 'admin']);
      await client.query('SAVEPOINT second');
      await client.query('SELECT set_user_context($1, $2, NULL)', [created, second]);
      await expect(
        client.query(insertUser, [created, second, 'second@example.com', HASH, 'admin']),
      ).rejects.toEqual(refusal('42501'));
      await client.query('ROLLBACK TO second');
      await expect(client.query(settings, [created, 'security'])).rejects.toEqual(refusal('42501'));
      await client.query('ROLLBACK TO second');
    });
    await expect(
      db.statement({ tenantId: created, userId: second, role: '' }, insertUser, [
        created,
        second,
        'second@example.com',
        HASH,
        'admin',
      ]),
    ).rejects.toEqual(refusal('42501'));
  });

  it('has a password hash that only find_credentials() reads, and only in its tenant', async () => {
    const { tenantId } = await seedTenant(db.database);
    const { tenantId: elsewhere } = await seedTenant(db.database);
    const { email } = await seedUser(db.database, tenantId);
    await expect(
      db.statement({ tenantId, role: 'admin' }, 'SELECT password_hash FROM users'),
    ).rejects.toEqual(refusal('42501'));
    const find = async (tenant: string): Promise<unknown[]> =>
      (
        await db.statement({ tenantId: tenant, role: '' }, 'SELECT * FROM find_credentials($1)', [
          email,
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

  it('cannot have a password in plain text', async () => {
    const { tenantId } = await seedTenant(db.database);
    const insert = db.statement({ tenantId, role: 'admin' }, INSERT_USER, [
      tenantId,
      'a@example.com',
      'correct horse',
    ]);
    await expect(insert).rejects.toEqual(refusal('23514', 'users_password_hash_check'));
  });

  it('has access to their tenant while both are active', async () => {
    const { tenantId } = await seedTenant(db.database);
    const suspended = await seedTenant(db.database, { status: 'suspended' });
    const { userId } = await seedUser(db.database, tenantId);
    const inactive = await seedUser(db.database, tenantId, { status: 'inactive' });
    const guest = await seedUser(db.database, suspended.tenantId);
    const access = async (user: string, tenant: string, current = tenant): Promise<unknown> =>
      (
        await db.statement(
          { tenantId: current, role: '' },
          'SELECT validate_tenant_access($1, $2) AS ok',
          [user, tenant],
        )
      ).rows[0]?.['ok'];
    expect(await access(userId, tenantId)).toBe(true);
    expect(await access(inactive.userId, tenantId)).toBe(false);
    expect(await access(guest.userId, suspended.tenantId)).toBe(false);
    expect(await access(userId, suspended.tenantId)).toBe(false);
    const elsewhere = await seedTenant(db.database);
    expect(await access(userId, tenantId, elsewhere.tenantId)).toBe(false);
  });
});
