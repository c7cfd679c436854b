import type { Permission } from '@poc-tracker/contracts';
import { createTestDatabase, seedTenant, type TestDatabase } from '@poc-tracker/testing';
import pg from 'pg';
import { Column, Entity, PrimaryColumn, QueryFailedError } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TenantPool } from './tenant-pool.js';
import { contextWithoutRights, type TenantContext } from './opening-statement.js';
import type { TenantTransaction } from './tenant-transaction.js';
import { uuidv7 } from '../schema/uuidv7.js';

@Entity('tenant_settings')
class Setting {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @PrimaryColumn({ name: 'setting_key', type: 'varchar' })
  key: string;

  @Column({ name: 'setting_value', type: 'jsonb' })
  value: unknown;
}

const CONTEXT = `SELECT current_setting('app.current_tenant_id', true) AS tenant,
  current_setting('app.current_user_id', true) AS user_id, current_setting('app.user_role', true) AS role,
  current_setting('app.user_permissions', true) AS permissions`;
const PID = 'SELECT pg_backend_pid() AS pid';

describe('TenantTransaction', () => {
  let db: TestDatabase;
  let pool: TenantPool;
  let admin: pg.Client;
  let acting: TenantContext;

  beforeAll(async () => {
    db = await createTestDatabase();
    admin = new pg.Client(db.adminUrl);
    await admin.connect();
    await admin.query(`CREATE TABLE deferred (id integer CONSTRAINT deferred_key UNIQUE DEFERRABLE INITIALLY DEFERRED);
      GRANT ALL ON deferred TO authenticated_user`);
    acting = {
      tenantId: (await seedTenant(db)).tenantId,
      userId: uuidv7(),
      role: 'user',
      permissions: ['manage_settings', 'create_pocs'],
    };
  });

  beforeEach(async () => {
    // With one connection each transaction gets what the previous one left on it.
    pool = await TenantPool.open({
      serviceUrl: db.serviceUrl,
      poolMin: 1,
      poolMax: 1,
      tls: false,
      requestTimeoutMs: 3_000,
      entities: [Setting],
    });
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    await pool.close();
  });

  afterAll(async () => {
    await admin.end();
    await db.drop();
  });

  async function backend(transaction: TenantTransaction): Promise<number> {
    const [row] = await (await transaction.runner()).rows(PID, []);
    return (row as { pid: number }).pid;
  }

  async function rows<Row>(
    transaction: TenantTransaction,
    sql: string,
    params: unknown[] = [],
  ): Promise<Row[]> {
    return (await transaction.rows(sql, params)) as Row[];
  }

  function insertSetting(transaction: TenantTransaction, key: string): Promise<unknown> {
    return rows(transaction, `INSERT INTO tenant_settings VALUES ($1, $2, '1')`, [
      acting.tenantId,
      key,
    ]);
  }

  async function settingExists(key: string): Promise<boolean> {
    const found = await admin.query('SELECT FROM tenant_settings WHERE setting_key = $1', [key]);
    return found.rowCount === 1;
  }

  /** Shows that the pool's only connection is free, in no transaction and without anybody's context. */
  async function expectCleanPool(): Promise<void> {
    await vi.waitFor(() => expect(pool.totals.idle).toBe(pool.totals.total));
    const [left] = (await pool.lookup(CONTEXT, [])) as Record<string, string | null>[];
    for (const setting of Object.values(left ?? {})) expect(setting ?? '').toBe('');
    const open = await admin.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
    );
    expect(open.rowCount).toBe(0);
  }

  it('sets the context and the timeouts in one round trip', async () => {
    const sent = vi.spyOn(pg.Client.prototype, 'query');
    const transaction = pool.transaction(acting);
    await transaction.runner();
    expect(sent).toHaveBeenCalledTimes(1);
    expect(await rows(transaction, CONTEXT)).toEqual([
      {
        tenant: acting.tenantId,
        user_id: acting.userId,
        role: 'user',
        permissions: 'manage_settings create_pocs',
      },
    ]);
    const limits = `SELECT current_setting('statement_timeout') AS statement,
      current_setting('idle_in_transaction_session_timeout') AS idle`;
    expect(await rows(transaction, limits)).toEqual([{ statement: '3s', idle: '5s' }]);
    await transaction.commit();
    await expectCleanPool();
  });

  it('sends the first statement without waiting for the response to the opening', async () => {
    const order: string[] = [];
    const prototype = pg.Client.prototype as unknown as Record<
      'query',
      (...args: unknown[]) => Promise<unknown> | undefined
    >;
    const { query } = prototype;
    vi.spyOn(prototype, 'query').mockImplementation(function (this: unknown, ...args: unknown[]) {
      order.push('sent');
      const answered = (): void => void order.push('answered');
      const callback = args.at(-1) as ((...answer: unknown[]) => void) | undefined;
      if (typeof callback !== 'function') return query.apply(this, args)?.finally(answered);
      const listening = (...answer: unknown[]): void => {
        answered();
        callback(...answer);
      };
      return query.apply(this, [...args.slice(0, -1), listening]);
    });
    const transaction = pool.transaction(acting);
    expect(await rows(transaction, CONTEXT)).toEqual([
      {
        tenant: acting.tenantId,
        user_id: acting.userId,
        role: 'user',
        permissions: 'manage_settings create_pocs',
      },
    ]);
    expect(order).toEqual(['sent', 'sent', 'answered', 'answered']);
    await transaction.commit();
    await expectCleanPool();
  });

  it('fails with the error of a failed opening, has no effect, and closes the connection', async () => {
    await admin.query(
      'ALTER FUNCTION set_user_context(uuid, uuid, text, text[]) RENAME TO mislaid',
    );
    try {
      const transaction = pool.transaction(acting);
      await expect(insertSetting(transaction, 'without a context')).rejects.toMatchObject({
        code: '42883',
      });
      await expect(transaction.commit()).rejects.toMatchObject({ code: '42883' });
      expect(transaction.usesConnection).toBe(false);
      expect(pool.totals.total).toBe(0);
    } finally {
      await admin.query(
        'ALTER FUNCTION mislaid(uuid, uuid, text, text[]) RENAME TO set_user_context',
      );
    }
    expect(await settingExists('without a context')).toBe(false);
    await expectCleanPool();
  });

  it('gives a context without rights no role and no permission, and no user unless it names one', async () => {
    for (const userId of [null, acting.userId]) {
      const transaction = pool.transaction(contextWithoutRights(acting.tenantId, userId));
      expect(await rows(transaction, CONTEXT)).toEqual([
        { tenant: acting.tenantId, user_id: userId ?? '', role: '', permissions: '' },
      ]);
      await transaction.rollback(new Error('done'));
    }
  });

  it.each([
    ['tenant', { tenantId: `'; COMMIT; --` }],
    ['user', { userId: `00000000-0000-7000-8000-000000000000'` }],
    ['role', { role: `admin'); COMMIT; --` as 'admin' }],
    ...[`x"}'); COMMIT; --`, 'manage_users view_audit', 'Manage_users', 'a,b', '', '%', 'a\nb'].map(
      (permission): [string, object] => [
        `permission (${JSON.stringify(permission)})`,
        { permissions: [permission as Permission] },
      ],
    ),
  ])('refuses an invalid %s before anything is sent to PostgreSQL', (_field, wrong) => {
    expect(() => pool.transaction({ ...acting, ...wrong })).toThrow(/must be/);
  });

  it('takes no connection without a statement', async () => {
    const taken = vi.spyOn(pg.Pool.prototype, 'connect');
    await pool.transaction(acting).commit();
    await pool.transaction(acting).rollback(new Error('unused'));
    expect(taken).not.toHaveBeenCalled();
  });

  it('opens once for parallel callers', async () => {
    const transaction = pool.transaction(acting);
    const [one, other] = await Promise.all([transaction.runner(), transaction.runner()]);
    expect(one).toBe(other);
    await transaction.commit();
  });

  it("survives TypeORM's save() with the tenant's context", async () => {
    const transaction = pool.transaction(acting);
    const { manager } = await transaction.runner();
    await manager.save(Setting, { tenantId: acting.tenantId, key: 'saved', value: true });
    expect(await rows(transaction, CONTEXT)).toMatchObject([{ tenant: acting.tenantId }]);
    expect(await manager.countBy(Setting, { key: 'saved' })).toBe(1);
    await transaction.rollback(new Error('undone'));
    expect(await settingExists('saved')).toBe(false);
  });

  it("turns TypeORM's transaction() into a savepoint", async () => {
    const transaction = pool.transaction(acting);
    const { manager } = await transaction.runner();
    await manager.save(Setting, { tenantId: acting.tenantId, key: 'kept', value: true });
    const inner = manager.transaction(async (nested) => {
      await nested.save(Setting, { tenantId: acting.tenantId, key: 'undone', value: true });
      throw new Error('inner failure');
    });
    await expect(inner).rejects.toThrow('inner failure');
    await transaction.commit();
    expect([await settingExists('kept'), await settingExists('undone')]).toEqual([true, false]);
  });

  it('fails to commit if the error of a statement was ignored', async () => {
    const transaction = pool.transaction(acting);
    await insertSetting(transaction, 'swallowed');
    await rows(transaction, 'SELECT 1 / 0').catch(() => undefined);
    await expect(transaction.commit()).rejects.toThrow('its error was ignored');
    expect(await settingExists('swallowed')).toBe(false);
    await expectCleanPool();
  });

  it('fails to commit if a statement of the caller ended it', async () => {
    const transaction = pool.transaction(acting);
    await rows(transaction, 'COMMIT');
    await expect(transaction.commit()).rejects.toThrow('A statement ended the transaction');
    await expectCleanPool();
  });

  it('fails to commit if a deferred constraint is violated', async () => {
    const transaction = pool.transaction(acting);
    await rows(transaction, 'INSERT INTO deferred VALUES (1), (1)');
    await expect(transaction.commit()).rejects.toMatchObject({ constraint: 'deferred_key' });
    await expectCleanPool();
  });

  it('refuses a statement after its end, with the reason', async () => {
    const committed = pool.transaction(acting);
    const { manager } = await committed.runner();
    await committed.commit();
    await expect(committed.runner()).rejects.toThrow('has been committed');
    await expect(manager.query('SELECT 1')).rejects.toThrow('already released');
    await expect(committed.commit()).rejects.toThrow('has been committed');
    const rolledBack = pool.transaction(acting);
    await rolledBack.rollback(new Error('the client disconnected'));
    await expect(rolledBack.runner()).rejects.toThrow('the client disconnected');
    await expect(rolledBack.commit()).rejects.toThrow('the client disconnected');
  });

  it('waits for a running statement before it rolls back, and starts no other', async () => {
    const transaction = pool.transaction(acting);
    const runner = await transaction.runner();
    const running = runner.rows('SELECT pg_sleep(0.2), 1 AS done', []);
    const sent = vi.spyOn(pg.Client.prototype, 'query');
    const rolledBack = transaction.rollback(new Error('the client disconnected'));
    await expect(runner.manager.query('SELECT 1')).rejects.toThrow('the client disconnected');
    await expect(runner.rows('SELECT 1', [])).rejects.toThrow('the client disconnected');
    expect(await running).toMatchObject([{ done: 1 }]);
    await rolledBack;
    expect(sent.mock.calls.map(([sql]) => sql as unknown)).toEqual(['ROLLBACK']);
    await expectCleanPool();
  });

  it('does not begin if it is rolled back while it waits for a connection', async () => {
    const holding = pool.transaction(acting);
    await holding.runner();
    const waiting = pool.transaction(acting);
    const refused = expect(waiting.runner()).rejects.toThrow('the client disconnected');
    const rolledBack = waiting.rollback(new Error('the client disconnected'));
    const sent = vi.spyOn(pg.Client.prototype, 'query');
    await holding.commit();
    await Promise.all([refused, rolledBack]);
    expect(sent.mock.calls.map(([sql]) => sql as unknown)).toEqual(['COMMIT']);
    await expectCleanPool();
  });

  it('closes the connection if a part of the opening fails', async () => {
    const pid = ((await pool.lookup(PID, [])) as { pid: number }[])[0]?.pid;
    await admin.query(
      'REVOKE EXECUTE ON FUNCTION set_user_context(uuid, uuid, text, text[]) FROM authenticated_user',
    );
    const transaction = pool.transaction(acting);
    await expect(transaction.runner()).rejects.toMatchObject({ code: '42501' });
    await expect(transaction.commit()).rejects.toMatchObject({ code: '42501' });
    await admin.query(
      'GRANT EXECUTE ON FUNCTION set_user_context(uuid, uuid, text, text[]) TO authenticated_user',
    );
    await expectCleanPool();
    expect(await pool.lookup(PID, [])).not.toEqual([{ pid }]);
  });

  it('closes a connection whose backend was terminated between two statements', async () => {
    const transaction = pool.transaction(acting);
    await insertSetting(transaction, 'lost');
    await admin.query('SELECT pg_terminate_backend($1)', [await backend(transaction)]);
    await vi.waitFor(() => expect(pool.totals.total).toBe(0));
    await expect(transaction.runner()).rejects.toThrow('Connection terminated');
    await expect(transaction.commit()).rejects.toThrow('Connection terminated');
    await transaction.rollback(new Error('after the fact'));
    await expectCleanPool();
    expect(await settingExists('lost')).toBe(false);
  });

  it('closes a connection whose backend was terminated during a statement', async () => {
    const transaction = pool.transaction(acting);
    const pid = await backend(transaction);
    const running = expect(rows(transaction, 'SELECT pg_sleep(20)')).rejects.toMatchObject({
      code: '57P01',
    });
    await admin.query('SELECT pg_terminate_backend($1)', [pid]);
    await running;
    await transaction.rollback(new Error('terminated'));
    await expectCleanPool();
  });

  it('keeps the connection after a statement was canceled for running too long', async () => {
    const transaction = pool.transaction(acting);
    const pid = await backend(transaction);
    await expect(rows(transaction, 'SELECT pg_sleep(20)')).rejects.toMatchObject({ code: '57014' });
    await transaction.rollback(new Error('too slow'));
    expect(await pool.lookup(PID, [])).toEqual([{ pid }]);
    await expectCleanPool();
  });

  it('closes a connection with a plan that a migration has made stale', async () => {
    await admin.query(
      'CREATE TABLE changing (a integer); GRANT SELECT ON changing TO authenticated_user',
    );
    await pool.lookup('SELECT * FROM changing WHERE a = $1', [1]);
    await admin.query('ALTER TABLE changing ADD b integer');
    const transaction = pool.transaction(acting);
    await expect(
      rows(transaction, 'SELECT * FROM changing WHERE a = $1', [1]),
    ).rejects.toMatchObject({ code: '0A000' });
    await transaction.rollback(new Error('stale'));
    expect(await pool.lookup('SELECT * FROM changing WHERE a = $1', [1])).toEqual([]);
  });

  it('keeps parameters out of errors, which are logged', async () => {
    const transaction = pool.transaction(acting);
    const { manager } = await transaction.runner();
    const failure: unknown = await manager
      .query('SELECT $1::integer', ['hash of a password'])
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(QueryFailedError);
    expect((failure as QueryFailedError).parameters).toBeUndefined();
    await transaction.rollback(new Error('done'));
  });
});
