import { seedTenant, seedUser } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { refusal, useServiceDatabase } from './service-database.js';

const db = useServiceDatabase();

describe('The status of a session', () => {
  it('is reported with its user and tenant, and only for its own user and tenant', async () => {
    const { tenantId, subdomain } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId, {
      role: 'manager',
      permissions: ['view_usage'],
    });
    const other = await seedUser(db.database, tenantId);
    const { rows: sessions } = await db.statement(
      { tenantId, userId, role: 'manager' },
      `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at)
       VALUES ($1, $2, sha256('session'), '\\x00', now() + interval '1 day') RETURNING id`,
      [tenantId, userId],
    );
    const statusOf = async (...params: unknown[]): Promise<unknown> =>
      (await db.pool.query('SELECT * FROM session_status($1, $2, $3)', params)).rows;
    const session = sessions[0]?.['id'];
    expect(await statusOf(tenantId, userId, session)).toEqual([
      expect.objectContaining({
        session_active: true,
        user_status: 'active',
        user_role: 'manager',
        permissions: ['view_usage'],
        id: tenantId,
        subdomain,
        status: 'active',
      }),
    ]);
    const { rows: roles } = await db.admin.query<{ id: string }>(
      `INSERT INTO tenant_roles (tenant_id, name, name_key, permissions) VALUES ($1, 'Auditor', 'auditor', '["view_audit"]') RETURNING id`,
      [tenantId],
    );
    await db.admin.query('UPDATE users SET custom_role_id = $2 WHERE id = $1', [
      userId,
      roles[0]?.id,
    ]);
    expect(await statusOf(tenantId, userId, session)).toEqual([
      expect.objectContaining({
        permissions: ['view_usage', 'view_audit'],
        subscription_ends_at: null,
        is_platform: false,
      }),
    ]);
    expect(await statusOf(tenantId, other.userId, session)).toEqual([]);
    expect(await statusOf(randomUUID(), userId, session)).toEqual([]);
  });
});

describe('A revoked session', () => {
  it('is neither activated again nor deleted by the service', async () => {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    const context = { tenantId, userId, role: 'admin' };
    await db.statement(
      context,
      `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at)
       VALUES ($1, $2, sha256('revoked'), '\\x00', now() + interval '1 day')`,
      [tenantId, userId],
    );
    await db.statement(context, 'UPDATE user_sessions SET is_active = false, revoked_at = now()');
    await expect(
      db.statement(context, 'UPDATE user_sessions SET is_active = true, revoked_at = NULL'),
    ).rejects.toEqual(refusal('23514', 'user_sessions_stay_revoked'));
    await expect(db.statement(context, 'DELETE FROM user_sessions')).rejects.toMatchObject({
      code: '42501',
    });
  });
});
