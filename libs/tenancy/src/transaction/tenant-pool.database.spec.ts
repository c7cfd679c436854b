import { Logger } from '@nestjs/common';
import {
  createTestDatabase,
  seedTenant,
  startPoolerProxy,
  type TestDatabase,
} from '@poc-tracker/testing';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { StatementNames } from './statement-names.js';
import { TenantPool, type TenantPoolOptions } from './tenant-pool.js';

const PREPARED = 'SELECT name, statement FROM pg_prepared_statements';

describe('TenantPool', () => {
  let db: TestDatabase;
  let admin: pg.Client;
  let pool: TenantPool | undefined;

  beforeAll(async () => {
    db = await createTestDatabase();
    admin = new pg.Client(db.adminUrl);
    await admin.connect();
  });

  afterEach(async () => {
    await pool?.close();
    pool = undefined;
  });

  afterAll(async () => {
    await admin.end();
    await db.drop();
  });

  async function open(overrides: Partial<TenantPoolOptions> = {}): Promise<TenantPool> {
    pool = await TenantPool.open({
      serviceUrl: db.serviceUrl,
      poolMin: 1,
      poolMax: 3,
      tls: false,
      requestTimeoutMs: 2_000,
      entities: [],
      ...overrides,
    });
    return pool;
  }

  async function connectionsByName(): Promise<Record<string, unknown>[]> {
    const { rows } = await admin.query<
      Record<string, unknown>
    >(`SELECT application_name AS name, count(*)::int
      FROM pg_stat_activity WHERE datname = current_database() AND usename = 'poc_tracker_service' GROUP BY 1`);
    return rows;
  }

  it('opens the minimum number of connections at the start, with the name of the service', async () => {
    const { totals } = await open({ poolMin: 3 });
    expect(totals).toEqual({ max: 3, total: 3, idle: 3, waiting: 0 });
    expect(await connectionsByName()).toEqual([{ name: 'poc-tracker-auth-service', count: 3 }]);
  });

  it('has its own settings on each connection, whatever the login has set for itself', async () => {
    const planted = [
      'search_path = pg_temp',
      'row_security = off',
      "DateStyle = 'SQL, DMY'",
      'lock_timeout = 0',
    ];
    const inThisDatabase = (change: string) =>
      admin.query(`ALTER ROLE poc_tracker_service IN DATABASE ${db.name} ${change}`);
    for (const setting of planted) await inThisDatabase(`SET ${setting}`);
    try {
      const opened = await open();
      expect(
        await opened.lookup(
          `SELECT current_setting('search_path') AS path, current_setting('row_security') AS security,
                  current_setting('DateStyle') AS dates, current_setting('lock_timeout') AS locks,
                  current_user = session_user AS same`,
        ),
      ).toEqual([{ path: 'public', security: 'on', dates: 'ISO, MDY', locks: '2s', same: true }]);
    } finally {
      await inThisDatabase('RESET ALL');
    }
  });

  it('has its own settings behind a pooler, whatever other clients of the connection have set', async () => {
    const proxy = await startPoolerProxy(db.serviceUrl);
    const pooled = await open({ serviceUrl: proxy.url, poolMax: 1 });
    const { connections } = pooled as unknown as { connections: pg.Pool };
    const settings = `SELECT current_setting('search_path') AS path, current_setting('row_security') AS security,
      current_setting('transaction_isolation') AS isolation, current_setting('lock_timeout') AS locks,
      '2026-12-31'::date::text AS date`;
    const pinned = {
      path: 'public',
      security: 'on',
      isolation: 'read committed',
      locks: '2s',
      date: '2026-12-31',
    };
    const changeAsAnotherClient = () =>
      connections.query(`SET search_path = pg_temp; SET row_security = off; SET DateStyle = 'SQL, DMY';
        SET default_transaction_isolation = 'serializable'; SET lock_timeout = 0`);
    const { tenantId } = await seedTenant(db);
    try {
      await changeAsAnotherClient();
      expect(await pooled.lookup(settings)).toEqual([pinned]);
      await expect(pooled.lookup('SELECT 1/0', [])).rejects.toThrow('division by zero');
      await changeAsAnotherClient();
      const context = { tenantId, userId: null, role: null, permissions: [] };
      const transaction = pooled.transaction(context);
      expect(await transaction.rows(settings, [])).toEqual([pinned]);
      await transaction.commit();
    } finally {
      proxy.close();
    }
  });

  it('waits for open transactions before it closes, and can be closed twice', async () => {
    const opened = await open();
    const transaction = opened.transaction({
      tenantId: (await seedTenant(db)).tenantId,
      userId: null,
      role: null,
      permissions: [],
    });
    const runner = await transaction.runner();
    const slow = runner.rows('SELECT pg_sleep(0.2)', []);
    const closed = opened.close();
    await slow;
    await transaction.commit();
    await closed;
    await opened.close();
    // A backend exits a moment after its client has disconnected.
    await expect.poll(connectionsByName, { timeout: 10_000 }).toEqual([]);
  });

  it('has a connection for a tenant at once while another waits for locks with its whole share', async () => {
    const [hostile, quiet] = [await seedTenant(db), await seedTenant(db)];
    const opened = await open({ poolMax: 4 });
    const begin = ({ tenantId }: { tenantId: string }) =>
      opened.transaction({ tenantId, userId: null, role: null, permissions: [] });
    const attacks = Array.from({ length: 100 }, () => begin(hostile));
    const slow = attacks.map((attack) => attack.rows('SELECT pg_sleep(0.2)', []));
    const refused = Promise.allSettled(slow);
    await expect.poll(() => opened.totals.waiting).toBe(98);
    const transaction = begin(quiet);
    await transaction.rows('SELECT 1', []);
    expect(await opened.lookup('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(opened.totals.waiting).toBe(98);
    await transaction.commit();
    await Promise.all(attacks.map((attack) => attack.rollback(new Error('The test ends.'))));
    await refused;
    await expect.poll(() => opened.totals.waiting).toBe(0);
  });

  it('refuses a request that waits for a connection for too long, and keeps every connection usable', async () => {
    const { tenantId } = await seedTenant(db);
    const opened = await open({ poolMax: 1, requestTimeoutMs: 300 });
    const begin = () => opened.transaction({ tenantId, userId: null, role: null, permissions: [] });
    const first = begin();
    await first.rows('SELECT 1', []);
    await expect(begin().rows('SELECT 1', [])).rejects.toMatchObject({ code: 'SERVICE_BUSY' });
    await first.commit();
    const next = begin();
    expect(await next.rows('SELECT 1 AS one', [])).toEqual([{ one: 1 }]);
    await next.commit();
  });

  it('refuses a server without TLS if TLS is required', async () => {
    await expect(open({ tls: true })).rejects.toThrow(/SSL/);
  });

  it('logs that the server closed its idle connections, unless the process stops', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const closeAll = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND usename = 'poc_tracker_service'`;
    const stopping = await open({ poolMin: 3 });
    stopping.prepareClose();
    await admin.query(closeAll);
    await expect.poll(() => stopping.totals.total).toBe(0);
    await stopping.close();
    const running = await open({ poolMin: 3 });
    await admin.query(closeAll);
    await expect.poll(() => running.totals.total).toBe(0);
    await expect.poll(() => warn.mock.calls.length, { timeout: 3_000 }).toBe(1);
    expect(warn.mock.calls[0]?.[0]).toMatch(/^Idle database connections were lost \(3\)/);
    warn.mockRestore();
  });

  it('handles the loss of a connection before its user receives it', async () => {
    const { connections } = (await open({ poolMin: 0 })) as unknown as { connections: pg.Pool };
    const client = await connections.connect();
    const listeners = client.listenerCount('error');
    client.release();
    expect(listeners).toBe(1);
  });

  it('prepares a statement with parameters once per connection', async () => {
    const prepared = await open();
    for (const value of [1, 2]) await prepared.lookup('SELECT $1::integer', [value]);
    expect(await prepared.lookup(PREPARED)).toEqual([
      { name: 'tenancy_1', statement: 'SELECT $1::integer' },
    ]);
  });

  it('prepares no statements if that is disabled', async () => {
    const plain = await open({ preparedStatements: false });
    await plain.lookup('SELECT $1::integer', [1]);
    expect(await plain.lookup(PREPARED)).toEqual([]);
  });
});

describe('StatementNames', () => {
  it('stops naming statements above the limit per connection', () => {
    const names = new StatementNames(true);
    const named = Array.from({ length: 300 }, (_, n) => names.config(`SELECT ${n}`, []).name);
    expect(new Set(named.filter((name) => name !== undefined)).size).toBe(200);
    expect(names.config('SELECT 0', []).name).toBe(named[0]);
  });
});
