import { createTestDatabase, seedTenant, type TestDatabase } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { IsolationProofError } from './schema/isolation-proof.js';
import { PlatformDatabase } from './platform-database.js';
import { requestScope, runInRequestContext } from './request/request-context.js';
import type { SqlRunner } from './transaction/sql-runner.js';

const SETTINGS = `SELECT current_setting('app.current_tenant_id') AS tenant,
  current_setting('app.current_user_id') AS "user", current_setting('app.user_role') AS role,
  current_setting('app.actor_kind') AS actor`;

describe('PlatformDatabase', () => {
  let db: TestDatabase;
  let platform: PlatformDatabase;

  beforeAll(async () => {
    db = await createTestDatabase();
  });

  beforeEach(() => {
    platform = new PlatformDatabase({ url: db.platformUrl, tls: false, statementTimeoutMs: 500 });
  });

  afterEach(() => platform.close());

  afterAll(() => db.drop());

  it('sees every tenant', async () => {
    const tenants = [await seedTenant(db), await seedTenant(db)];
    const rows = await platform.query<{ id: string }>(
      'SELECT id FROM tenants WHERE id = ANY ($1) ORDER BY id',
      [tenants.map((tenant) => tenant.tenantId)],
    );
    expect(rows.map((row) => row.id)).toEqual(tenants.map((tenant) => tenant.tenantId).sort());
  });

  it('refuses a login with settings of its own, and has its own settings on each connection', async () => {
    const inThisDatabase = (change: string) =>
      db.sql(`ALTER ROLE poc_tracker_platform IN DATABASE ${db.name} ${change}`);
    await inThisDatabase('SET search_path = pg_temp');
    try {
      const options = { url: db.platformUrl, tls: false };
      await expect(PlatformDatabase.open(options)).rejects.toThrow(
        'role poc_tracker_platform: has search_path=pg_temp as a setting of its own',
      );
      expect(await platform.query(`SELECT current_setting('search_path') AS path`)).toEqual([
        { path: 'public' },
      ]);
    } finally {
      await inThisDatabase('RESET ALL');
    }
  });

  it('keeps a connection for others while one operator waits for many', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const hostile = { tenantId: null, operatorId: randomUUID() };
    const flood = Array.from({ length: 20 }, () => platform.transaction(hostile, () => released));
    const other = { tenantId: null, operatorId: randomUUID() };
    const one = (transaction: SqlRunner) => transaction.query('SELECT 1 AS one');
    try {
      await expect(platform.transaction(other, one)).resolves.toEqual([{ one: 1 }]);
      await expect(platform.query('SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
    } finally {
      release();
      await Promise.allSettled(flood);
    }
  });

  it('sets the tenant, the operator and the kind of actor for the transaction only', async () => {
    const context = { tenantId: randomUUID(), operatorId: randomUUID() };
    const inside = await platform.transaction(context, (transaction) =>
      transaction.query(SETTINGS),
    );
    expect(inside).toEqual([
      { tenant: context.tenantId, user: context.operatorId, role: '', actor: 'operator' },
    ]);
    expect(await platform.query(SETTINGS)).toEqual([
      { tenant: '', user: '', role: '', actor: 'system' },
    ]);
    const commandLine = new PlatformDatabase({
      url: db.platformUrl,
      tls: false,
      unnamedActor: 'operator',
    });
    expect(await commandLine.query(SETTINGS)).toMatchObject([{ user: '', actor: 'operator' }]);
    await commandLine.close();
  });

  it('commits work that resolves and rolls back work that rejects', async () => {
    const { tenantId } = await seedTenant(db);
    const rename = (name: string) => (transaction: SqlRunner) =>
      transaction.query('UPDATE tenants SET name = $2 WHERE id = $1', [tenantId, name]);
    const context = { tenantId, operatorId: null };
    await platform.transaction(context, rename('Kept'));
    const failing = platform.transaction(context, async (transaction) => {
      await rename('Lost')(transaction);
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    const rows = await platform.query('SELECT name FROM tenants WHERE id = $1', [tenantId]);
    expect(rows).toEqual([{ name: 'Kept' }]);
  });

  it('rolls back in a request that has timed out', async () => {
    const { tenantId } = await seedTenant(db, { name: 'Before' });
    const late = runInRequestContext({ requestId: 'r' }, () =>
      platform.transaction({ tenantId, operatorId: null }, async (transaction) => {
        await transaction.query(`UPDATE tenants SET name = 'Late' WHERE id = $1`, [tenantId]);
        await requestScope().lifetime.abort(new Error('the time is up'));
      }),
    );
    await expect(late).rejects.toThrow('the time is up');
    const rows = await platform.query('SELECT name FROM tenants WHERE id = $1', [tenantId]);
    expect(rows).toEqual([{ name: 'Before' }]);
  });

  it('refuses a statement after the end of the transaction', async () => {
    let kept: SqlRunner | undefined;
    await platform.transaction({ tenantId: null, operatorId: null }, async (transaction) => {
      kept = transaction;
    });
    await expect(kept?.query('SELECT 1')).rejects.toThrow('has ended');
  });

  it('rejects if the error of a statement was ignored or a statement ended the transaction', async () => {
    const context = { tenantId: null, operatorId: null };
    const swallowing = platform.transaction(context, async (transaction) => {
      await transaction.query('SELECT 1 / 0').catch(() => undefined);
    });
    await expect(swallowing).rejects.toThrow('rolled back');
    const ending = platform.transaction(context, async (transaction) => {
      await transaction.query('COMMIT');
    });
    await expect(ending).rejects.toThrow('ended the transaction');
  });

  it('refuses ids that are not UUIDs, which could inject SQL into its opening', async () => {
    const hostile = "x'; DROP TABLE tenants; --";
    const work = async () => undefined;
    await expect(
      platform.transaction({ tenantId: hostile, operatorId: null }, work),
    ).rejects.toThrow('must be a UUID');
    await expect(
      platform.transaction({ tenantId: null, operatorId: hostile }, work),
    ).rejects.toThrow('must be a UUID');
  });

  it('cancels a statement that runs too long, and remains usable', async () => {
    await expect(platform.query('SELECT pg_sleep(30)')).rejects.toMatchObject({ code: '57014' });
    expect(await platform.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    const patient = platform.transaction(
      { tenantId: null, operatorId: null },
      (transaction) => transaction.query('SELECT pg_sleep(0.7)'),
      { statementTimeoutMs: 5_000 },
    );
    await expect(patient).resolves.toHaveLength(1);
  });

  it('survives the loss of a connection in use', async () => {
    const cut = platform.transaction({ tenantId: null, operatorId: null }, async (transaction) => {
      const [row] = await transaction.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const admin = new pg.Client(db.adminUrl);
      await admin.connect();
      await admin.query('SELECT pg_terminate_backend($1)', [row?.pid]);
      await admin.end();
      await transaction.query('SELECT 1');
    });
    await expect(cut).rejects.toThrow(/terminat|connection error/i);
    expect(await platform.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('opens at most five connections, with an application name of its own', async () => {
    const at = await Promise.all(
      Array.from({ length: 12 }, () =>
        platform.query<{ pid: number; name: string }>(
          `SELECT pg_backend_pid() AS pid, current_setting('application_name') AS name FROM pg_sleep(0.05)`,
        ),
      ),
    );
    expect(new Set(at.flat().map((row) => row.pid)).size).toBeLessThanOrEqual(5);
    expect(at.flat()[0]?.name).toBe('poc-tracker-auth-platform');
  });

  it('opens only with the login of the operators', async () => {
    const opened = await PlatformDatabase.open({ url: db.platformUrl, tls: false });
    await opened.close();
    for (const url of [db.serviceUrl, db.adminUrl]) {
      await expect(PlatformDatabase.open({ url, tls: false })).rejects.toThrow(IsolationProofError);
    }
  });
});
