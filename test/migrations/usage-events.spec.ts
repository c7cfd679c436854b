import { seedTenant, seedUser } from '@poc-tracker/testing';
import { toApiError } from '@poc-tracker/tenancy';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HASH, refusal, ServiceDatabase } from './service-database.js';

let db: ServiceDatabase;
let operators: pg.Pool;

beforeAll(async () => {
  db = await ServiceDatabase.create();
  operators = new pg.Pool({ connectionString: db.database.platformUrl, max: 3 });
});

afterAll(async () => {
  await operators.end();
  await db.drop();
});

const REGISTER = 'INSERT INTO users (tenant_id, email, password_hash) VALUES ($1, $2, $3)';
const ADD_FILE =
  'INSERT INTO poc_files (tenant_id, poc_id, file_name, file_size, created_by) VALUES ($1, $2, $3, $4, $5)';
const ADD_POC = 'INSERT INTO pocs (tenant_id, title, created_by) VALUES ($1, $2, $3) RETURNING id';

let people = 0;

async function register(tenantId: string): Promise<void> {
  people += 1;
  await db.statement({ tenantId, role: 'admin' }, REGISTER, [
    tenantId,
    `person-${people}@example.com`,
    HASH,
  ]);
}

async function removeOne(tenantId: string): Promise<void> {
  await db.statement(
    { tenantId, role: 'admin' },
    `DELETE FROM users WHERE id = (SELECT max(id::text)::uuid FROM users WHERE role = 'user')`,
  );
}

/** `resource level used/allowed` of each event, in the order of writing. */
async function events(tenantId: string): Promise<string[]> {
  const { rows } = await db.admin.query<{ event: string }>(
    `SELECT format('%s %s %s/%s', resource, level, used, allowed) AS event
       FROM usage_events WHERE tenant_id = $1 ORDER BY created_at, used, level DESC`,
    [tenantId],
  );
  return rows.map(({ event }) => event);
}

async function setLimit(tenantId: string, column: string, limit: number): Promise<void> {
  await operators.query(`UPDATE tenants SET ${column} = $2 WHERE id = $1`, [tenantId, limit]);
}

const DRIFT = `
  SELECT u.user_count - (SELECT count(*) FROM users x WHERE x.tenant_id = u.tenant_id) AS users,
         u.poc_count - (SELECT count(*) FROM pocs x WHERE x.tenant_id = u.tenant_id) AS pocs,
         u.storage_bytes - (SELECT coalesce(sum(file_size), 0) FROM poc_files x WHERE x.tenant_id = u.tenant_id) AS bytes
    FROM tenant_usage u WHERE u.tenant_id = $1`;

async function drift(tenantId: string): Promise<unknown> {
  const { rows } = await operators.query<Record<string, string>>(DRIFT, [tenantId]);
  return rows[0];
}

const NO_DRIFT = { users: '0', pocs: '0', bytes: '0' };

describe('nearing a limit', () => {
  it('leaves one event at 80 % and one at 100 %, and again only after usage fell below', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 5 });
    for (let n = 0; n < 5; n += 1) await register(tenantId);
    const once = ['users warning 4/5', 'users reached 5/5'];
    expect(await events(tenantId)).toEqual(once);
    await removeOne(tenantId);
    await register(tenantId);
    expect(await events(tenantId)).toEqual([...once, 'users reached 5/5']);
    await removeOne(tenantId);
    await removeOne(tenantId);
    await register(tenantId);
    expect(await events(tenantId)).toEqual([...once, 'users reached 5/5', 'users warning 4/5']);
  });

  it('leaves none for an insert that is rolled back or refused', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 1 });
    await expect(
      db.within({ tenantId, role: 'admin' }, async (client) => {
        await client.query(REGISTER, [tenantId, 'given-up@example.com', HASH]);
        throw new Error('given up');
      }),
    ).rejects.toThrow('given up');
    expect(await events(tenantId)).toEqual([]);
    await register(tenantId);
    const both = await events(tenantId);
    expect(both).toEqual(['users warning 1/1', 'users reached 1/1']);
    await expect(register(tenantId)).rejects.toEqual(refusal('23514', 'tenant_user_limit'));
    expect(await events(tenantId)).toEqual(both);
  });

  it('leaves exactly one of each when many cross it at once', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 10 });
    await Promise.allSettled(Array.from({ length: 20 }, () => register(tenantId)));
    expect(await events(tenantId)).toEqual(['users warning 8/10', 'users reached 10/10']);
  });

  it('counts bytes of any size, and the growth of a file', async () => {
    const max = 2 ** 31 - 1;
    const { tenantId } = await seedTenant(db.database, { maxStorageGb: max });
    const { userId } = await seedUser(db.database, tenantId);
    const context = { tenantId, userId, role: 'admin' };
    const { rows } = await db.statement(context, ADD_POC, [tenantId, 'large', userId]);
    const bytes = BigInt(max) * 2n ** 30n;
    await db.statement(context, ADD_FILE, [tenantId, rows[0]?.['id'], 'a', 1, userId]);
    expect(await events(tenantId)).toEqual([]);
    await db.statement(context, 'UPDATE poc_files SET file_size = $1', [String(bytes)]);
    expect(await events(tenantId)).toEqual([
      `storage warning ${bytes}/${bytes}`,
      `storage reached ${bytes}/${bytes}`,
    ]);
  });

  it('is told in the audit trail, with who did it', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 2 });
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    const context = { tenantId, userId, role: 'admin' };
    await db.statement(context, REGISTER, [tenantId, 'second@example.com', HASH]);
    const { rows } = await db.statement(
      context,
      `SELECT type, actor_id, actor_kind, target_id, details FROM security_events WHERE type LIKE 'limit.%' ORDER BY 1`,
    );
    const event = {
      actor_id: userId,
      actor_kind: 'user',
      target_id: 'users',
      details: { used: 2, allowed: 2 },
    };
    expect(rows).toEqual([
      { ...event, type: 'limit.reached' },
      { ...event, type: 'limit.warning' },
    ]);
  });

  it('cannot be made up, changed or erased by the service, nor by the operators', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 1 });
    await register(tenantId);
    const context = { tenantId, role: 'admin' };
    for (const sql of [
      `INSERT INTO usage_events (tenant_id, resource, level, used, allowed) VALUES ('${tenantId}', 'users', 'reached', 1, 1)`,
      'UPDATE usage_events SET used = 0',
      'DELETE FROM usage_events',
      `SELECT record_usage_events('${tenantId}', 'users', 0, 1, 1, 1)`,
      `SELECT add_tenant_usage('${tenantId}', 1, 0, 0)`,
      `SELECT repair_tenant_usage('${tenantId}')`,
    ]) {
      await expect(db.statement(context, sql), sql).rejects.toEqual(refusal('42501'));
    }
    await expect(operators.query('DELETE FROM usage_events')).rejects.toEqual(refusal('42501'));
  });
});

describe('a limit below what is used', () => {
  it('is taken, deletes nothing, refuses growth, tells usage and limit, and lets usage shrink', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 10 });
    for (let n = 0; n < 4; n += 1) await register(tenantId);
    await setLimit(tenantId, 'max_users', 2);
    expect(await events(tenantId)).toEqual(['users warning 4/2', 'users reached 4/2']);
    const refused = await register(tenantId).catch((error: unknown) => error);
    expect(toApiError(refused)).toMatchObject({
      code: 'USER_LIMIT_EXCEEDED',
      details: { limit: 2, usage: 4 },
    });
    await removeOne(tenantId);
    await expect(register(tenantId)).rejects.toEqual(refusal('23514', 'tenant_user_limit'));
    expect(await drift(tenantId)).toEqual(NO_DRIFT);
    await setLimit(tenantId, 'max_users', 4);
    await register(tenantId);
  });

  it('holds for whoever was waiting while it was lowered', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 10 });
    await register(tenantId);
    const operator = await operators.connect();
    try {
      await operator.query('BEGIN');
      await operator.query('UPDATE tenants SET max_users = 1 WHERE id = $1', [tenantId]);
      const waiting = register(tenantId).catch((error: unknown) => error);
      await waitForLock();
      await operator.query('COMMIT');
      expect(await waiting).toEqual(refusal('23514', 'tenant_user_limit'));
    } finally {
      operator.release();
    }
    expect(await events(tenantId)).toEqual(['users warning 1/1', 'users reached 1/1']);
  });
});

/** Until a statement of this database waits for a lock of another one. */
async function waitForLock(): Promise<void> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const { rows } = await db.admin.query<{ waiting: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock') AS waiting`,
    );
    if (rows[0]?.waiting === true) return;
    if (Date.now() > deadline) throw new Error('Nothing waited for a lock.');
  }
}

describe('the counted usage', () => {
  it('equals a recount after a storm of inserts, deletions, changes and aborts', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 40, maxPocs: 30 });
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    const context = { tenantId, userId, role: 'admin' };
    const work = Array.from({ length: 120 }, (_, n) => async () => {
      await db.within(context, async (client) => {
        if (n % 4 === 0) {
          await client.query(
            `DELETE FROM pocs WHERE id = (SELECT id FROM pocs ORDER BY random() LIMIT 1)`,
          );
        }
        await client.query(REGISTER, [tenantId, `storm-${n}@example.com`, HASH]);
        const { rows } = await client.query<{ id: string }>(ADD_POC, [tenantId, `${n}`, userId]);
        await client.query(ADD_FILE, [tenantId, rows[0]?.id, 'f', n * 1_000, userId]);
        await client.query('SAVEPOINT s');
        await client.query('UPDATE poc_files SET file_size = file_size * 2 WHERE poc_id = $1', [
          rows[0]?.id,
        ]);
        if (n % 3 === 0) await client.query('ROLLBACK TO SAVEPOINT s');
        if (n % 5 === 0) throw new Error('aborted');
        if (n % 7 === 0)
          await client.query('DELETE FROM users WHERE email = $1', [`storm-${n}@example.com`]);
      });
    });
    const results = await Promise.allSettled(work.map((run) => run()));
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(10);
    expect(await drift(tenantId)).toEqual(NO_DRIFT);
  });

  it('is put right by the operators, also while somebody comes in', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 100 });
    await register(tenantId);
    await db.admin.query(
      'UPDATE tenant_usage SET user_count = 7, poc_count = 3 WHERE tenant_id = $1',
      [tenantId],
    );
    expect(await drift(tenantId)).toEqual({ users: '6', pocs: '3', bytes: '0' });
    let repair: Promise<unknown> | undefined;
    await db.within({ tenantId, role: 'admin' }, async (client) => {
      await client.query(REGISTER, [tenantId, 'meanwhile@example.com', HASH]);
      repair = operators.query('SELECT repair_tenant_usage($1)', [tenantId]);
      await waitForLock();
    });
    await repair;
    expect(await drift(tenantId)).toEqual(NO_DRIFT);
  });
});
