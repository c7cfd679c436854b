import { type Permission, PERMISSIONS } from '@poc-tracker/contracts';
import { seedTenant, seedUser } from '@poc-tracker/testing';
import { describe, expect, it } from 'vitest';
import { HASH, refusal, useServiceDatabase } from './service-database.js';

const db = useServiceDatabase();

describe('The audit log', () => {
  it('records who changed what, and that a secret was changed, but not the secret', async () => {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    const context = { tenantId, userId, role: 'admin' };
    await db.statement(
      context,
      `UPDATE users SET first_name = 'Eva', password_hash = $1 WHERE id = $2`,
      [HASH, userId],
    );
    const { rows } = await db.statement(
      context,
      `SELECT user_id, old_data, new_data FROM audit_log WHERE table_name = 'users' AND operation = 'UPDATE'`,
    );
    expect(rows).toEqual([
      {
        user_id: userId,
        old_data: expect.objectContaining({ first_name: 'Ada' }),
        new_data: expect.objectContaining({
          first_name: 'Eva',
          changed_secrets: ['password_hash'],
        }),
      },
    ]);
    expect(JSON.stringify(rows)).not.toContain('$argon2id$');
  });

  it('does not record that a session was used', async () => {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId);
    const context = { tenantId, userId, role: 'admin' };
    await db.statement(
      context,
      `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at)
       VALUES ($1, $2, sha256('token'), '\\x00', now() + interval '1 day')`,
      [tenantId, userId],
    );
    await db.statement(
      context,
      `UPDATE user_sessions SET last_used_at = now() + interval '1 minute'`,
    );
    await db.statement(context, `UPDATE user_sessions SET is_active = false`);
    const { rows } = await db.statement(
      context,
      `SELECT operation, new_data FROM audit_log WHERE table_name = 'user_sessions' ORDER BY id`,
    );
    expect(rows.map((row) => row['operation'])).toEqual(['INSERT', 'UPDATE']);
    expect(JSON.stringify(rows)).not.toMatch(/nonce|refresh_token_hash/);
  });

  it('is read only by users of the tenant with view_audit, and never changed', async () => {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId);
    const entries = async (role: string, permissions: Permission[]): Promise<number> =>
      (await db.statement({ tenantId, userId, role, permissions }, 'SELECT id FROM audit_log'))
        .rowCount ?? 0;
    const others = PERMISSIONS.filter((permission) => permission !== 'view_audit');
    expect(await entries('admin', others)).toBe(0);
    expect(await entries('viewer', ['view_audit'])).toBeGreaterThan(0);
    await expect(
      db.statement({ tenantId, userId, role: 'admin' }, 'DELETE FROM audit_log'),
    ).rejects.toEqual(refusal('42501'));
    for (const sql of [
      'DELETE FROM audit_log',
      'UPDATE audit_log SET user_id = NULL',
      'TRUNCATE audit_log',
    ]) {
      await expect(db.admin.query(sql)).rejects.toEqual(refusal('42501', 'audit_log_append_only'));
    }
  });
});
