import { type Permission, PERMISSIONS } from '@poc-tracker/contracts';
import { OPERATOR_ROLE, SERVICE_ROLE, TENANT_TABLES, TRACKER_ROLE } from '@poc-tracker/tenancy';
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

  it('names an operator only for changes on the login of the operators', async () => {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    const act = `SELECT set_config('app.actor_kind', 'operator', true)`;
    const change = `UPDATE users SET first_name = $2 WHERE id = $1`;
    const kindOf = async (firstName: string): Promise<string | undefined> => {
      const { rows } = await db.admin.query<{ actor_kind: string }>(
        `SELECT actor_kind FROM audit_log WHERE tenant_id = $1 AND new_data ->> 'first_name' = $2`,
        [tenantId, firstName],
      );
      return rows[0]?.actor_kind;
    };
    for (const [firstName, user] of [
      ['Eva', userId],
      ['Ida', null],
    ] as const) {
      await db.within({ tenantId, userId: user, role: 'admin' }, async (client) => {
        await client.query(act);
        await client.query(change, [userId, firstName]);
      });
    }
    expect([await kindOf('Eva'), await kindOf('Ida')]).toEqual(['user', 'system']);
    const operator = await db.operators.connect();
    await operator.query('BEGIN');
    await operator.query(act);
    await operator.query(change, [userId, 'Ana']);
    await operator.query('COMMIT');
    operator.release();
    expect(await kindOf('Ana')).toBe('operator');
  });

  it('has an entry for every change of a table that a login may write', async () => {
    const { rows } = await db.admin.query<{ name: string }>(
      `SELECT t.name FROM ${TENANT_TABLES} t
        WHERE EXISTS (
                SELECT FROM pg_roles r, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE']) privilege
                 WHERE r.rolname = ANY ($1)
                   AND CASE privilege WHEN 'DELETE' THEN has_table_privilege(r.oid, t.oid, privilege)
                                      ELSE has_any_column_privilege(r.oid, t.oid, privilege) END)
          AND NOT EXISTS (
                SELECT FROM pg_trigger g
                 WHERE g.tgrelid = t.oid AND g.tgfoid = 'audit_tenant_access()'::regprocedure AND g.tgenabled = 'O')`,
      [[SERVICE_ROLE, TRACKER_ROLE, OPERATOR_ROLE]],
    );
    expect(rows.map(({ name }) => name).sort()).toEqual([
      // What a user is asked for, and proves: events tell of both, and each row is short-lived.
      'login_challenges',
      // Requests for a link or a code, for a few seconds.
      'mail_requests',
      'one_time_tokens',
      // Mails on their way, and events of those that are not sent.
      'outgoing_mails',
      // Of people who are no users yet; user.registered tells of those who become one.
      'pending_registrations',
      // recovery_codes.created and recovery_codes.used, and login.succeeded with its methods.
      'recovery_codes',
      'remembered_devices',
      // The other half of the audit log, and what a mirror of sessions, whose table has entries, has still to copy.
      'security_events',
      'session_changes',
      // mail.address_suppressed, mail.suppression_removed and mail.limit_changed.
      'suppressed_addresses',
      'tenant_mail_limits',
      // When admins were told; limit.warning and limit.reached tell of the row.
      'usage_events',
    ]);
  });
});
