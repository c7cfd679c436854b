import { PLAN_CATALOGUE } from '@poc-tracker/contracts';
import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import { verify } from 'argon2';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DemoSeeder } from '../../demo/demo-seeder.js';
import { ADD_USERS } from '../../demo/seed-statements.js';
import { cliOn } from '../cli.fixture.js';

const ORDER = ['seed', '--tenants', '40', '--users', '1500', '--sessions', '--json'];

/** Passes the check of the column. No password matches it. */
const HASH = '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA';

/** Tables without forced row-level security, and triggers that are off. */
const UNPROTECTED = `
  SELECT oid::regclass::text AS name FROM pg_class
   WHERE relname IN ('tenants', 'tenant_settings', 'tenant_usage', 'users', 'user_sessions')
     AND NOT (relrowsecurity AND relforcerowsecurity)
   UNION ALL
  SELECT tgname::text FROM pg_trigger WHERE tgenabled = 'D'`;

interface Result {
  tenants: number;
  users: number;
  password: string;
}

describe('the seed command', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(async () => {
    await database.drop();
  });

  async function one<Row>(sql: string): Promise<Row | undefined> {
    return (await database.sql<Row>(sql))[0];
  }

  it('adds exactly the given numbers, and prints progress and the password', async () => {
    const run = await cliOn(database)(...ORDER);
    expect(run.err).toContain('100 %: 1500 users in 40 tenants');
    expect(run.code).toBe(0);
    const result = run.json() as Result;
    expect(result).toMatchObject({ tenants: 40, users: 1500 });
    expect(await one('SELECT count(*)::int AS n FROM users')).toEqual({ n: 1500 });
    const user = await one<{ password_hash: string }>('SELECT password_hash FROM users LIMIT 1');
    expect(await verify(user?.password_hash ?? '', result.password)).toBe(true);
  });

  it('sets correct counts within every limit, and gives each tenant an active admin', async () => {
    const wrong = await database.sql(`
      SELECT t.id FROM tenants t JOIN tenant_usage u ON u.tenant_id = t.id
       WHERE u.user_count <> (SELECT count(*) FROM users p WHERE p.tenant_id = t.id AND p.status = 'active')
          OR u.user_count > t.max_users
          OR NOT EXISTS (SELECT FROM users p
                          WHERE p.tenant_id = t.id AND p.role = 'admin' AND p.status = 'active')`);
    expect(wrong).toEqual([]);
    expect((await cliOn(database)('usage', 'check')).code).toBe(0);
  });

  it('gives each tenant the limits and features of its plan, and more seats to a large tenant', async () => {
    const rows = await database.sql<Record<string, unknown>>(
      `SELECT DISTINCT plan_type, features, max_pocs, max_storage_gb FROM tenants ORDER BY 1`,
    );
    const expected = ['basic', 'enterprise', 'pro'] as const;
    expect(rows).toEqual(
      expected.map((plan) => {
        const { maxPocs, maxStorageGb } = PLAN_CATALOGUE[plan].limits;
        return { plan_type: plan, features: {}, max_pocs: maxPocs, max_storage_gb: maxStorageGb };
      }),
    );
  });

  it('adds a session for each active user with --sessions', async () => {
    expect(
      await one(`SELECT count(DISTINCT s.user_id) = count(*) AND count(*) =
        (SELECT count(*) FROM users WHERE status = 'active') AS right FROM user_sessions s`),
    ).toEqual({ right: true });
  });

  it('leaves triggers and row-level security unchanged', async () => {
    expect(await database.sql(UNPROTECTED)).toEqual([]);
  });

  it('adds nothing if it is repeated, and only what is missing after an interruption', async () => {
    const again = await cliOn(database)(...ORDER);
    expect(again.json()).toMatchObject({ tenants: 0, users: 0 });
    expect(again.out).not.toContain('password');
    await database.sql(`SET session_replication_role = 'replica'`);
    for (const sql of [
      `DELETE FROM user_sessions WHERE tenant_id IN (SELECT id FROM tenants WHERE subdomain = 'demo-7')`,
      `DELETE FROM users WHERE tenant_id IN (SELECT id FROM tenants WHERE subdomain = 'demo-7')`,
      `DELETE FROM tenant_usage WHERE tenant_id IN (SELECT id FROM tenants WHERE subdomain = 'demo-7')`,
      `DELETE FROM tenant_settings WHERE tenant_id IN (SELECT id FROM tenants WHERE subdomain = 'demo-7')`,
      `DELETE FROM tenants WHERE subdomain = 'demo-7'`,
    ])
      await database.sql(sql);
    await database.sql(`SET session_replication_role = 'origin'`);
    expect((await cliOn(database)(...ORDER)).json()).toMatchObject({ tenants: 1 });
    expect(await one('SELECT count(*)::int AS n FROM users')).toEqual({ n: 1500 });
  });

  it('keeps labels apart, and refuses production and fewer users than tenants', async () => {
    const other = ['seed', '--tenants', '2', '--users', '5', '--label', 'two'];
    expect(await cliOn(database)(...other)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/such as demo-\d+\. .* --force/),
    });
    expect(await one('SELECT count(*)::int AS n FROM tenants')).toEqual({ n: 40 });
    expect((await cliOn(database)(...other, '--force')).code).toBe(0);
    expect(await one('SELECT count(*)::int AS n FROM tenants')).toEqual({ n: 42 });
    const production = cliOn(database, { NODE_ENV: 'production' });
    expect(await production(...ORDER)).toMatchObject({ code: 1, out: '' });
    expect((await cliOn(database)('seed', '--tenants', '3', '--users', '2')).code).toBe(1);
  });

  it('never lifts the protection of a database with users that are not demo data, not even with --force', async () => {
    const live = await createTestDatabase();
    try {
      const { tenantId, subdomain } = await seedTenant(live);
      await seedUser(live, tenantId, { email: 'ana@poctracker.com' });
      const run = await cliOn(live)(...ORDER, '--force');
      expect(run).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringContaining(`tenants that are not demo data, such as ${subdomain}.`),
      });
      expect(await live.sql(UNPROTECTED)).toEqual([]);
      expect(await live.sql('SELECT count(*)::int AS n FROM tenants')).toEqual([{ n: 1 }]);
    } finally {
      await live.drop();
    }
  });

  it('leaves the tables protected when it is killed in the middle of a batch', async () => {
    const owner = new pg.Client({ connectionString: database.migrationUrl });
    // The driver reports the ended backend and then the closed socket.
    const lost = new Promise((resolve) => owner.on('error', resolve));
    await owner.connect();
    const { query } = owner;
    const killed = Object.assign(owner, {
      query: async (sql: string, params?: unknown[]) => {
        if (sql === ADD_USERS)
          await database.sql(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND state = 'idle in transaction'`,
          );
        return (query as (sql: string, params?: unknown[]) => Promise<unknown>).call(
          owner,
          sql,
          params,
        );
      },
    });
    const order = { label: 'killed', tenants: 1, users: 1, sessions: false, passwordHash: HASH };
    await expect(new DemoSeeder(killed).seed(order, () => undefined)).rejects.toThrow();
    await lost;
    expect(await database.sql(UNPROTECTED)).toEqual([]);
    expect(await database.sql(`SELECT id FROM tenants WHERE subdomain = 'killed-1'`)).toEqual([]);
  });
});
