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
    await seedUser(db.database, tenantId, { role: 'admin' });
    const operator = new pg.Client({ connectionString: db.database.platformUrl });
    await operator.connect();
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
