import { seedTenant, seedUser } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { REVOKE_ALL_BUT } from '../../apps/auth-service/src/session/session.repository.js';
import { DEFAULT_TENANT_SETTINGS } from '../../apps/auth-service/src/tenant/settings/settings-resolution.js';
import { type Context, refusal, useServiceDatabase } from './service-database.js';

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

describe('A new session', () => {
  async function tenantWith(security?: object) {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    if (security !== undefined)
      await db.admin.query(
        `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value) VALUES ($1, 'security', $2)`,
        [tenantId, security],
      );
    return { tenantId, userId, role: 'admin' };
  }

  /** As the service inserts it after it has read these settings. */
  const INSERT = `
    INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, created_at, last_used_at, idle_timeout,
                               ends_at, expires_at)
    SELECT $1, $2, sha256('new'), '\\x00', t.at, t.at, make_interval(hours => $3), t.at + make_interval(hours => $4),
           t.at + make_interval(hours => least($3, $4))
      FROM (SELECT now() + make_interval(hours => $5) AS at) t`;
  const insertion = (
    { tenantId, userId }: Context,
    [timeout, lifetime, ahead]: [number, number, number],
  ): [sql: string, values: unknown[]] => [INSERT, [tenantId, userId, timeout, lifetime, ahead]];

  const LOWER = `
    UPDATE tenant_settings SET setting_value = '{"sessionTimeout": 2, "sessionLifetime": 3}' WHERE setting_key = 'security'`;

  /** Whole hours that the session lasts without use, and in any case. */
  async function hoursOf({ tenantId }: Context): Promise<unknown> {
    const { rows } = await db.admin.query(
      `SELECT round(extract(epoch FROM expires_at - now()) / 3600)::int AS unused,
              round(extract(epoch FROM ends_at - now()) / 3600)::int AS most
         FROM user_sessions WHERE tenant_id = $1`,
      [tenantId],
    );
    return rows[0];
  }

  it('gets the shorter times of a change that is committed while it is inserted', async () => {
    const context = await tenantWith({ sessionTimeout: 24, sessionLifetime: 168 });
    const inserted = await db.within(context, async (client) => {
      await client.query(LOWER);
      const inserting = db.statement(context, ...insertion(context, [24, 168, 0]));
      await db.waitForLock();
      return { inserting };
    });
    await inserted.inserting;
    expect(await hoursOf(context)).toEqual({ unused: 2, most: 3 });
  });

  it('is shortened by a change of the settings that begins before it is committed', async () => {
    const context = await tenantWith({ sessionTimeout: 24, sessionLifetime: 168 });
    const changed = await db.within(context, async (client) => {
      await client.query(...insertion(context, [24, 168, 0]));
      const changing = db.statement(context, LOWER);
      await db.waitForLock();
      return { changing };
    });
    await changed.changing;
    expect(await hoursOf(context)).toEqual({ unused: 2, most: 3 });
  });

  it.each<[string, object | undefined]>([
    ['no settings', undefined],
    ['times that are no numbers', { sessionTimeout: '99', sessionLifetime: null }],
    ['times that no tenant can set', { sessionTimeout: 0, sessionLifetime: 1e300 }],
  ])('gets the defaults of the service at most in a tenant with %s', async (_title, security) => {
    const context = await tenantWith(security);
    await db.statement(context, ...insertion(context, [9_000, 9_000, 0]));
    const { sessionTimeout, sessionLifetime } = DEFAULT_TENANT_SETTINGS.security;
    expect(await hoursOf(context)).toEqual({ unused: sessionTimeout, most: sessionLifetime });
  });

  it('does not begin in the future, whatever time the service writes', async () => {
    const context = await tenantWith();
    await db.statement(context, ...insertion(context, [24, 168, 24]));
    expect(await hoursOf(context)).toEqual({ unused: 24, most: 168 });
  });
});

describe('Several sessions', () => {
  const SHORTEN = `
    INSERT INTO tenant_settings (tenant_id, setting_key, setting_value)
    VALUES ($1, 'security', '{"sessionTimeout": 2, "sessionLifetime": 3}')`;

  /** With sessions whose ids are in the opposite order of their insertion and of their expiry. */
  async function userWithSessions(ids: readonly string[]) {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    const insert = `
      INSERT INTO user_sessions (tenant_id, id, user_id, refresh_token_hash, refresh_nonce, expires_at)
      VALUES ($1, $2, $3, sha256($2::uuid::text::bytea), '\\x00', now() + make_interval(hours => $4))`;
    for (const [index, id] of [...ids].reverse().entries())
      await db.admin.query(insert, [tenantId, id, userId, 5 + index]);
    return { tenantId, userId, role: 'admin' };
  }

  it.each<[string, string, (context: Context) => unknown[]]>([
    ['revoked', REVOKE_ALL_BUT, ({ userId }) => [userId, null, new Date()]],
    ['shortened by a change of the settings', SHORTEN, ({ tenantId }) => [tenantId]],
  ])(
    'are locked in the order of their ids when they are %s, so that no two changes deadlock',
    async (_title, statement, valuesOf) => {
      const ids = [1, 2, 3].map((first) => `${first}${randomUUID().slice(1)}`);
      const context = await userWithSessions(ids);
      const other = await db.admin.connect();
      try {
        await other.query('BEGIN');
        await other.query('SELECT FROM user_sessions WHERE id = $1 FOR UPDATE', [ids[0]]);
        const changing = db.statement(context, statement, valuesOf(context));
        await db.waitForLock();
        const free = 'SELECT FROM user_sessions WHERE id = ANY ($1) FOR UPDATE SKIP LOCKED';
        expect((await other.query(free, [ids])).rowCount).toBe(ids.length);
        await other.query('COMMIT');
        await changing;
      } finally {
        other.release(true);
      }
      const { rows } = await db.admin.query<{ changed: boolean }>(
        `SELECT NOT is_active OR expires_at <= now() + interval '2 hours' AS changed
           FROM user_sessions WHERE id = ANY ($1)`,
        [ids],
      );
      expect(rows).toEqual(ids.map(() => ({ changed: true })));
    },
  );
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
