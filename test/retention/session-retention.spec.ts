import { Logger } from '@nestjs/common';
import { seedUser } from '@poc-tracker/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  BATCH,
  RetentionRepository,
} from '../../apps/auth-service/src/retention/retention.repository.js';
import { refusal } from '../migrations/service-database.js';
import {
  daysAgo,
  db,
  endedSessions,
  eventsOf,
  jobsOn,
  newTenant,
  platform,
  rows,
  sessionsOf,
  useRetention,
} from './retention.fixture.js';

useRetention();

afterEach(() => vi.restoreAllMocks());

/** Counts the batches of each tenant in their order, and may do something before one. */
class ObservedRows extends RetentionRepository {
  readonly batches: string[] = [];

  constructor(private readonly before: (tenantId: string) => void = () => undefined) {
    super(platform);
  }

  override async prune(...[data, tenantId, before]: Parameters<RetentionRepository['prune']>) {
    this.before(tenantId);
    if (data === 'sessions') this.batches.push(tenantId);
    return super.prune(data, tenantId, before);
  }
}

describe('The retention of sessions', () => {
  it('deletes sessions 184 days after they have expired or were revoked, and no others', async () => {
    const tenant = await newTenant();
    await endedSessions(tenant, 1, 185);
    await endedSessions(tenant, 1, 184.5, '1 hour');
    const kept = [
      ...(await endedSessions(tenant, 1, 183.5)),
      ...(await endedSessions(tenant, 1, 183, '1 hour')),
      ...(await endedSessions(tenant, 1, -0.5)),
    ];
    const [first] = await eventsOf(tenant.tenantId, 'retention.pruned');
    expect(first).toBeUndefined();
    await jobsOn().prune();
    expect(await sessionsOf(tenant.tenantId)).toEqual(kept);
    expect(await eventsOf(tenant.tenantId, 'retention.pruned')).toEqual([
      { data: 'sessions', rows: 2, from: expect.any(String), to: expect.any(String) },
    ]);
  });

  it('leaves no copy of a deleted session in the audit log, and reports no revocation', async () => {
    const tenant = await newTenant();
    await endedSessions(tenant, 3, 200);
    const count = async (table: string): Promise<number> =>
      (await db.admin.query(`SELECT FROM ${table} WHERE tenant_id = $1`, [tenant.tenantId]))
        .rowCount ?? 0;
    const before = [await count('audit_log'), await count('revocation_events')];
    await jobsOn().prune();
    expect(await sessionsOf(tenant.tenantId)).toEqual([]);
    expect([await count('audit_log'), await count('revocation_events')]).toEqual(before);
  });

  it('records the deletion of a session together with its user, as before', async () => {
    const tenant = await newTenant();
    const { userId } = await seedUser(db.database, tenant.tenantId);
    await endedSessions({ ...tenant, userId }, 1, 1);
    await db.admin.query('DELETE FROM users WHERE id = $1', [userId]);
    const { rows: entries } = await db.admin.query(
      `SELECT FROM audit_log WHERE tenant_id = $1 AND table_name = 'user_sessions' AND operation = 'DELETE'`,
      [tenant.tenantId],
    );
    expect(entries).toHaveLength(1);
  });

  it('deletes the sessions of operators as well', async () => {
    const { rows: tenants } = await db.admin.query<{ id: string }>(
      `INSERT INTO tenants (name, subdomain, is_platform) VALUES ('platform', 'platform', true) RETURNING id`,
    );
    const tenantId = tenants[0]?.id ?? '';
    const { userId } = await seedUser(db.database, tenantId);
    await endedSessions({ tenantId, userId }, 2, 200);
    await jobsOn().prune();
    expect(await sessionsOf(tenantId)).toEqual([]);
  });

  it('takes turns, so that a tenant with many sessions does not delay another', async () => {
    const [large, small] = [await newTenant(), await newTenant()];
    await endedSessions(large, 2 * BATCH + 1, 300);
    await endedSessions(small, 1, 200);
    const observed = new ObservedRows();
    const log = vi.spyOn(Logger.prototype, 'log').mockReturnValue(undefined);
    const { deleted, interrupted } = await jobsOn(observed).prune();
    expect([deleted.sessions, interrupted]).toEqual([2 * BATCH + 2, false]);
    const turns = observed.batches.filter((id) => [large.tenantId, small.tenantId].includes(id));
    expect(turns.indexOf(small.tenantId)).toBeLessThan(2);
    expect(turns.filter((id) => id === large.tenantId)).toHaveLength(3);
    expect(log).toHaveBeenCalledWith(expect.stringContaining(`sessions ${2 * BATCH + 2},`));
    expect(
      (await eventsOf(large.tenantId, 'retention.pruned')).map((event) => event['rows']),
    ).toEqual([BATCH, BATCH, 1]);
  });

  it('stops between two batches when the process ends, and continues in the next run', async () => {
    const tenant = await newTenant();
    await endedSessions(tenant, 2 * BATCH, 300);
    const stopped = jobsOn(new ObservedRows(() => stopped.onModuleDestroy()));
    expect(await stopped.prune()).toMatchObject({
      deleted: { sessions: BATCH },
      interrupted: true,
    });
    expect(await sessionsOf(tenant.tenantId)).toHaveLength(BATCH);
    expect(await jobsOn().prune()).toMatchObject({ deleted: { sessions: BATCH } });
    expect(await sessionsOf(tenant.tenantId)).toEqual([]);
  });

  it('tries the other tenants after one has failed, and names the failure', async () => {
    const [failing, other] = [await newTenant(), await newTenant()];
    for (const tenant of [failing, other]) await endedSessions(tenant, 1, 300);
    const jobs = jobsOn(
      new ObservedRows((tenantId) => {
        if (tenantId === failing.tenantId) throw new Error('out of space');
      }),
    );
    await expect(jobs.prune()).rejects.toThrow('out of space');
    expect(await sessionsOf(failing.tenantId)).toHaveLength(1);
    expect(await sessionsOf(other.tenantId)).toEqual([]);
  });

  it('makes no reader wait and waits for no locked session', async () => {
    const tenant = await newTenant();
    const ids = await endedSessions(tenant, 3, 300);
    const locker = await db.admin.connect();
    await locker.query('BEGIN');
    await locker.query('SELECT FROM user_sessions WHERE id = $1 FOR UPDATE', [ids[0]]);
    await platform.transaction({ tenantId: null, operatorId: null }, async (transaction) => {
      const sql = 'SELECT prune_sessions($1, $2, 10) AS rows';
      const [batch] = await transaction.query(sql, [tenant.tenantId, await daysAgo(185)]);
      expect(batch).toEqual({ rows: 2 });
      // The batch is not committed: it holds its locks.
      await db.within({ ...tenant, role: 'admin' }, async (client) => {
        await client.query(`SET LOCAL lock_timeout = '100ms'`);
        expect((await client.query('SELECT id FROM user_sessions')).rowCount).toBe(3);
        await client.query(`UPDATE users SET first_name = 'Eva' WHERE id = $1`, [tenant.userId]);
        await client.query(
          `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at)
           VALUES ($1, $2, sha256('other'), '\\x00', now() + interval '1 hour')`,
          [tenant.tenantId, tenant.userId],
        );
      });
    });
    await locker.query('COMMIT');
    locker.release();
    await jobsOn().prune();
    expect(await sessionsOf(tenant.tenantId)).toHaveLength(1);
  });

  it('keeps a session whose end a hostile login of the service has put into the past', async () => {
    const tenant = await newTenant();
    await endedSessions(tenant, 1, -0.5);
    const hostile = { ...tenant, role: 'admin' };
    await db.statement(
      hostile,
      `UPDATE user_sessions SET is_active = false, revoked_at = now() - interval '1 year', last_used_at = now() - interval '1 year'`,
    );
    await jobsOn().prune();
    expect(await sessionsOf(tenant.tenantId)).toHaveLength(1);
  });

  it('is refused by the database for sessions younger than six months, whatever the login of the operators asks for', async () => {
    const tenant = await newTenant();
    await endedSessions(tenant, 1, 170);
    for (const before of [await daysAgo(180), await daysAgo(0), await daysAgo(-1_000), null]) {
      for (const name of ['prune_sessions', 'prune_usage_events', 'prune_audit_log'])
        await expect(
          platform.query(`SELECT ${name}($1, $2, 10)`, [tenant.tenantId, before]),
        ).rejects.toEqual(refusal('42501', 'retention_minimum'));
      await expect(
        platform.query('SELECT announce_audit_pruning($1, $2)', [tenant.tenantId, before]),
      ).rejects.toEqual(refusal('42501', 'retention_minimum'));
    }
    expect(await sessionsOf(tenant.tenantId)).toHaveLength(1);
  });

  it('leaves the sessions of a tenant that is being purged to the purge', async () => {
    const tenant = await newTenant();
    await endedSessions(tenant, 1, 300);
    await db.admin.query(`UPDATE tenants SET status = 'canceled' WHERE id = $1`, [tenant.tenantId]);
    await platform.query(`SELECT begin_purge($1, NULL, 'test')`, [tenant.tenantId]);
    expect(await rows.prune('sessions', tenant.tenantId, await daysAgo(184))).toEqual({
      deleted: 0,
      state: 'done',
    });
    expect(await eventsOf(tenant.tenantId, 'retention.pruned')).toEqual([]);
  });
});

describe('The retention of usage events', () => {
  it('keeps the latest event of each level, however old, and those of another tenant', async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    for (const { tenantId } of [tenant, other])
      await db.admin.query(
        `INSERT INTO usage_events (tenant_id, resource, level, used, allowed, created_at)
         SELECT $1, r, 'warning', 8, 10, now() - d * interval '1 day'
           FROM unnest(ARRAY['users', 'pocs']) r, unnest($2::int[]) d`,
        [tenantId, tenantId === tenant.tenantId ? [900, 800, 700] : [100, 50]],
      );
    await jobsOn().prune();
    const left = async (tenantId: string): Promise<number[]> =>
      (
        await db.admin.query<{ days: number }>(
          `SELECT extract(day FROM now() - created_at)::int AS days FROM usage_events WHERE tenant_id = $1 ORDER BY 1`,
          [tenantId],
        )
      ).rows.map(({ days }) => days);
    expect(await left(tenant.tenantId)).toEqual([700, 700]);
    expect(await left(other.tenantId)).toEqual([50, 50, 100, 100]);
    expect(await eventsOf(tenant.tenantId, 'retention.pruned')).toEqual([
      { data: 'usage', rows: 4, from: expect.any(String), to: expect.any(String) },
    ]);
  });
});
