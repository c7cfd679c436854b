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

describe('The use of a session', () => {
  /** A session that lasts two hours without use, as it was when it was unused for this many hours. */
  async function unusedFor(hours: number) {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId);
    await db.admin.query(
      `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, idle_timeout, last_used_at, expires_at)
       SELECT $1, $2, sha256('used'), '\\x00', '2 hours', t.used, t.used + '2 hours'
         FROM (SELECT now() - make_interval(hours => $3) AS used) t`,
      [tenantId, userId, hours],
    );
    /** @returns how many seconds are left after a use at this time. */
    return async (time: string): Promise<number> => {
      const { rows } = await db.statement(
        { tenantId, userId, role: 'user' },
        `UPDATE user_sessions SET last_used_at = ${time}
         RETURNING extract(epoch FROM expires_at - clock_timestamp())::float8 AS left`,
      );
      return Number(rows[0]?.['left']);
    };
  }

  it('moves its expiry', async () => {
    const use = await unusedFor(1);
    expect(await use('clock_timestamp()')).toBeGreaterThan(7_190);
  });

  it.each(['clock_timestamp()', `now() - interval '1 hour 1 minute'`, `now() + interval '1 day'`])(
    'does not bring it back after it has expired, whatever time the service writes: %s',
    async (time) => {
      const use = await unusedFor(3);
      expect(await use(time)).toBeLessThan(-3_590);
      expect(await use('clock_timestamp()')).toBeLessThan(-3_590);
    },
  );

  it('counts from the present at the latest', async () => {
    const use = await unusedFor(1);
    expect(await use(`now() + interval '59 minutes'`)).toBeLessThanOrEqual(7_200);
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
