import type { Server } from 'node:http';
import { setImmediate as turnOfTheLoop, setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { contextWithoutRights } from '@poc-tracker/tenancy';
import { createTestDatabase, seedTenant, type TestDatabase } from '@poc-tracker/testing';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Behavior, deferred, FaultApp } from './fault-app.fixture.js';

const REQUEST_TIMEOUT_MS = 1_500;

function openConnections(server: Server): Promise<number> {
  return promisify(server.getConnections.bind(server))();
}

describe('The transaction of a request', () => {
  let db: TestDatabase;
  let admin: pg.Client;
  let app: FaultApp;
  let tenantId: string;
  let behavior: Behavior;

  beforeEach(async () => {
    db = await createTestDatabase();
    admin = new pg.Client(db.adminUrl);
    await admin.connect();
    ({ tenantId } = await seedTenant(db));
    behavior = { handlers: {} };
    app = await FaultApp.start(
      { serviceUrl: db.serviceUrl, poolMax: 1, requestTimeoutMs: REQUEST_TIMEOUT_MS },
      behavior,
    );
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    await app.nest.close();
    await admin.end();
    await db.drop();
  });

  /** The handler writes a row and then does `next`. */
  function writingThen(next: (query: (sql: string) => Promise<unknown>) => Promise<unknown>): void {
    behavior.handlers['write'] = async (database) => {
      await database.query(`INSERT INTO tenant_settings VALUES ($1, 'written', '1')`, [tenantId]);
      return next((sql) => database.query(sql));
    };
  }

  async function isWritten(): Promise<boolean> {
    return (
      (await admin.query(`SELECT FROM tenant_settings WHERE setting_key = 'written'`)).rowCount ===
      1
    );
  }

  async function expectPoolAtRest(): Promise<void> {
    await vi.waitFor(() => {
      const { total, idle, waiting } = app.database.totals();
      expect({ idle, waiting }).toEqual({ idle: total, waiting: 0 });
    });
    const { rows } = await admin.query(
      `SELECT state FROM pg_stat_activity WHERE datname = current_database() AND usename = 'poc_tracker_service'`,
    );
    expect(rows.filter(({ state }) => state !== 'idle')).toEqual([]);
  }

  /** Waits until a statement with this text runs in PostgreSQL. */
  async function whenRunning(sql: string): Promise<void> {
    const running = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
      AND query = $1 AND pid <> pg_backend_pid()`;
    await vi.waitFor(async () => expect((await admin.query(running, [sql])).rowCount).toBe(1), {
      timeout: 5_000,
    });
  }

  /** Runs SQL in the commit of every written row. */
  async function atCommit(body: string): Promise<void> {
    await admin.query(`
      CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body}; RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON tenant_settings DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION at_commit()`);
  }

  it('is committed before the answer is sent', async () => {
    await atCommit('PERFORM pg_sleep(0.3)');
    writingThen(() => Promise.resolve({ done: true }));
    expect(await app.call('write', tenantId)).toEqual({ status: 201, body: { done: true } });
    expect(await isWritten()).toBe(true);
  });

  it('fails the request if the commit fails', async () => {
    await atCommit(`RAISE EXCEPTION 'refused'`);
    writingThen(() => Promise.resolve({ done: true }));
    expect(await app.call('write', tenantId)).toEqual({
      status: 500,
      body: { code: 'INTERNAL_ERROR' },
    });
    expect(await isWritten()).toBe(false);
    await expectPoolAtRest();
  });

  it('is rolled back if the handler fails', async () => {
    writingThen(() => Promise.reject(new Error('half done')));
    expect(await app.call('write', tenantId)).toEqual({
      status: 500,
      body: { code: 'INTERNAL_ERROR' },
    });
    expect(await isWritten()).toBe(false);
    await expectPoolAtRest();
  });

  it('fails the request if it was not committed', async () => {
    writingThen(async (query) => {
      await query('SELECT 1 / 0').catch(() => undefined);
      return { done: true };
    });
    expect(await app.call('write', tenantId)).toEqual({
      status: 500,
      body: { code: 'INTERNAL_ERROR' },
    });
    expect(await isWritten()).toBe(false);
    await expectPoolAtRest();
  });

  it('fails the request if the connection is lost before the commit', async () => {
    writingThen(async () => {
      const connections = `FROM pg_stat_activity WHERE datname = current_database()
        AND usename = 'poc_tracker_service' AND application_name NOT LIKE '%-health'`;
      await admin.query(`SELECT pg_terminate_backend(pid) ${connections}`);
      // The process ends a moment later. A commit that is sent before the service notices would be one in doubt.
      await vi.waitFor(async () =>
        expect((await admin.query(`SELECT 1 ${connections}`)).rowCount).toBe(0),
      );
      await turnOfTheLoop();
      return { done: true };
    });
    expect(await app.call('write', tenantId)).toEqual({
      status: 503,
      body: { code: 'SERVICE_UNAVAILABLE' },
    });
    expect(await isWritten()).toBe(false);
    await expectPoolAtRest();
  });

  it('ends in time although the handler continues, whose late statements fail', async () => {
    let late: Promise<unknown> | undefined;
    writingThen(async (query) => {
      await delay(REQUEST_TIMEOUT_MS + 200);
      late = query('SELECT 1');
      return late;
    });
    const began = performance.now();
    expect(await app.call('write', tenantId)).toEqual({
      status: 503,
      body: { code: 'SERVICE_UNAVAILABLE' },
    });
    expect(performance.now() - began).toBeLessThan(REQUEST_TIMEOUT_MS + 1_000);
    await expectPoolAtRest();
    await vi.waitFor(() => expect(late).toBeDefined());
    await expect(late).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(await isWritten()).toBe(false);
  });

  it('ends in time if the request only waits for a connection', async () => {
    const free = deferred();
    const { database } = app;
    const holding = database.transaction(contextWithoutRights(tenantId), async () => {
      await database.query('SELECT 1');
      await free.promise;
    });
    await vi.waitFor(() => expect(database.totals()).toMatchObject({ total: 1, idle: 0 }));
    behavior.handlers['read'] = () => database.query('SELECT 1');
    expect((await app.call('read', tenantId)).status).toBe(503);
    free.resolve(undefined);
    await holding;
    await expectPoolAtRest();
  });

  it('ends after the running statement if the client disconnects, and no other begins', async () => {
    const sleep = 'SELECT pg_sleep(0.3)';
    let next: Promise<unknown> | undefined;
    writingThen(async (query) => {
      await query(sleep);
      next = query('SELECT 1');
      return next;
    });
    const client = new AbortController();
    const call = app.call('write', tenantId, client.signal).catch(() => 'gone');
    await whenRunning(sleep);
    client.abort();
    expect(await call).toBe('gone');
    await vi.waitFor(() => expect(next).toBeDefined());
    await expect(next).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await expectPoolAtRest();
    expect(await isWritten()).toBe(false);
  });

  it('returns its connection at once if the client disconnects while the handler waits for something else', async () => {
    const never = deferred();
    writingThen(() => never.promise);
    const client = new AbortController();
    const call = app.call('write', tenantId, client.signal).catch(() => 'gone');
    await vi.waitFor(() => expect(app.database.totals()).toMatchObject({ total: 1, idle: 0 }));
    client.abort();
    expect(await call).toBe('gone');
    await expectPoolAtRest();
    expect(await isWritten()).toBe(false);
    never.resolve(undefined);
  });

  it('does not begin for a client that disconnected during the guards', async () => {
    const guarding = deferred();
    const guarded = deferred();
    const client = new AbortController();
    const handled = vi.fn(() => Promise.resolve({}));
    behavior.handlers['write'] = handled;
    behavior.guard = async () => {
      guarding.resolve(undefined);
      await guarded.promise;
    };
    const call = app.call('write', tenantId, client.signal).catch(() => 'gone');
    await guarding.promise;
    const server = app.nest.getHttpServer();
    client.abort();
    expect(await call).toBe('gone');
    await vi.waitFor(async () => expect(await openConnections(server)).toBe(0));
    guarded.resolve(undefined);
    // Requests are not reordered: by the answer of a later one, the handler of the first would have run.
    behavior.handlers['read'] = () => Promise.resolve({});
    expect((await app.call('read', tenantId)).status).toBe(201);
    expect(handled).not.toHaveBeenCalled();
  });

  it('is finished and its answer sent when the service stops', async () => {
    const sleep = 'SELECT pg_sleep(0.3)';
    writingThen((query) => query(sleep));
    const call = app.call('write', tenantId);
    await whenRunning(sleep);
    await app.nest.close();
    expect((await call).status).toBe(201);
    expect(await isWritten()).toBe(true);
    const { rowCount } = await admin.query(`SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND usename = 'poc_tracker_service'`);
    expect(rowCount).toBe(0);
  });
});

describe('The start of a service', () => {
  it('fails on a database with an unprotected tenant table and leaves no connection', async () => {
    const db = await createTestDatabase();
    const admin = new pg.Client(db.adminUrl);
    await admin.connect();
    await admin.query(
      'CREATE TABLE unprotected (tenant_id uuid); GRANT SELECT ON unprotected TO authenticated_user',
    );
    const options = { serviceUrl: db.serviceUrl, poolMax: 1, requestTimeoutMs: 1_000 };
    await expect(FaultApp.start(options, { handlers: {} })).rejects.toThrow(/unprotected/);
    // A backend ends a moment after its client has closed the connection.
    await expect
      .poll(async () => {
        const { rowCount } = await admin.query(`SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND usename = 'poc_tracker_service'`);
        return rowCount;
      })
      .toBe(0);
    await admin.end();
    await db.drop();
  });
});
