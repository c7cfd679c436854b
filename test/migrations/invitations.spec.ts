import { seedTenant } from '@poc-tracker/testing';
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HASH, refusal, ServiceDatabase } from './service-database.js';

let db: ServiceDatabase;

beforeAll(async () => {
  db = await ServiceDatabase.create();
});

afterAll(async () => {
  await db.drop();
});

describe('an invitation', () => {
  async function invite(
    values: { expires?: string; revoked?: string } = {},
  ): Promise<{ tenantId: string; token: Buffer }> {
    const { tenantId } = await seedTenant(db.database);
    const token = createHash('sha256').update(randomUUID()).digest();
    await db.admin.query(
      `INSERT INTO invites (tenant_id, token_hash, email, role, expires_at, revoked_at)
       VALUES ($1, $2, 'guest@example.com', 'manager', now() + $3::interval, $4)`,
      [tenantId, token, values.expires ?? '24 hours', values.revoked ?? null],
    );
    return { tenantId, token };
  }

  /** What a registration does: take the role of the invitation, then write the person's row with it. */
  async function accept(
    tenantId: string,
    token: Buffer,
    email = 'guest@example.com',
  ): Promise<unknown> {
    const userId = randomUUID();
    return db.within({ tenantId, userId, role: 'viewer' }, async (client) => {
      const { rows } = await client.query<{ role: string }>(
        'SELECT * FROM accept_invite($1, $2, $3)',
        [token, email, userId],
      );
      const role = rows[0]?.role;
      if (role === undefined) return undefined;
      await client.query('SELECT set_user_context($1, $2, $3)', [tenantId, userId, role]);
      await client.query(
        'INSERT INTO users (tenant_id, id, email, password_hash, role) VALUES ($1, $2, $3, $4, $5)',
        [tenantId, userId, email, HASH, role],
      );
      return role;
    });
  }

  it('gives its role to one of twenty who accept it at once', async () => {
    const { tenantId, token } = await invite();
    const roles = await Promise.all(Array.from({ length: 20 }, () => accept(tenantId, token)));
    expect(roles.filter((role) => role !== undefined)).toEqual(['manager']);
  });

  it('is worth nothing to another address, in another tenant, after its end or when revoked', async () => {
    const { tenantId, token } = await invite();
    const { tenantId: elsewhere } = await seedTenant(db.database);
    expect(await accept(tenantId, token, 'other@example.com')).toBeUndefined();
    expect(await accept(elsewhere, token)).toBeUndefined();
    const expired = await invite({ expires: '-1 second' });
    expect(await accept(expired.tenantId, expired.token)).toBeUndefined();
    const revoked = await invite({ revoked: new Date().toISOString() });
    expect(await accept(revoked.tenantId, revoked.token)).toBeUndefined();
    expect(await accept(tenantId, token)).toBe('manager');
  });

  it('is not accepted by somebody who then is not written', async () => {
    const { tenantId, token } = await invite();
    const orphan = db.statement(
      { tenantId, role: 'viewer' },
      'SELECT * FROM accept_invite($1, $2, $3)',
      [token, 'guest@example.com', randomUUID()],
    );
    await expect(orphan).rejects.toEqual(refusal('23503', 'invites_accepted_by_fkey'));
    expect(await accept(tenantId, token)).toBe('manager');
  });

  it('cannot be read back, and a manager can invite no admin', async () => {
    const { tenantId } = await invite();
    await expect(
      db.statement({ tenantId, role: 'admin' }, 'SELECT token_hash FROM invites'),
    ).rejects.toEqual(refusal('42501'));
    const insert = `INSERT INTO invites (tenant_id, token_hash, email, role) VALUES ($1, sha256('x'), 'b@example.com', 'admin')`;
    await expect(db.statement({ tenantId, role: 'manager' }, insert, [tenantId])).rejects.toEqual(
      refusal('42501'),
    );
  });
});
