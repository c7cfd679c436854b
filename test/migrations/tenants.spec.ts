import { seedTenant, seedUser } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  HASH,
  INSERT_FILE,
  INSERT_POC,
  INSERT_USER,
  NO_DRIFT,
  refusal,
  useServiceDatabase,
} from './service-database.js';

const db = useServiceDatabase();

describe('A tenant', () => {
  it('is found by subdomain, then by custom domain, then by id', async () => {
    const domain = `${randomUUID()}.example.com`;
    const bySubdomain = await seedTenant(db.database);
    const byDomain = await seedTenant(db.database, { branding: { custom_domain: domain } });
    const byId = await seedTenant(db.database);
    const resolve = async (...params: unknown[]): Promise<unknown> =>
      (
        await db.pool.query<{ id: string }>('SELECT id FROM resolve_tenant($1, $2, $3)', params)
      ).rows.map((row) => row.id);
    expect(await resolve(byId.tenantId, bySubdomain.subdomain, domain)).toEqual([
      bySubdomain.tenantId,
    ]);
    expect(await resolve(byId.tenantId, null, domain.toUpperCase())).toEqual([byDomain.tenantId]);
    expect(await resolve(byId.tenantId, null, null)).toEqual([byId.tenantId]);
    expect(await resolve(randomUUID(), 'unknown', 'unknown.example.com')).toEqual([]);
    await db.admin.query('UPDATE tenants SET deleted_at = now() WHERE id = $1', [byId.tenantId]);
    const { rows } = await db.pool.query('SELECT status FROM resolve_tenant($1, NULL, NULL)', [
      byId.tenantId,
    ]);
    expect(rows).toEqual([{ status: 'canceled' }]);
  });
});

/** How many rows of all tables PostgreSQL reads for one registration. */
async function rowsReadToRegister(tenantId: string): Promise<number> {
  const rowsRead = `
    SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows FROM pg_stat_xact_user_tables`;
  return db.within({ tenantId, role: 'admin' }, async (client) => {
    const before = await client.query<{ rows: number }>(rowsRead);
    await client.query(INSERT_USER, [tenantId, 'one.more@example.com', HASH]);
    const after = await client.query<{ rows: number }>(rowsRead);
    return (after.rows[0]?.rows ?? 0) - (before.rows[0]?.rows ?? 0);
  });
}

describe('The limits of a tenant', () => {
  it('allow exactly as many users as there are seats, however many register at the same time', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 3 });
    const context = { tenantId, role: 'admin' };
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        db.statement(context, INSERT_USER, [tenantId, `${n}@example.com`, HASH]),
      ),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(3);
    for (const result of results) {
      if (result.status === 'rejected')
        expect(result.reason).toEqual(refusal('23514', 'tenant_user_limit'));
    }
    const { rows } = await db.statement(context, 'SELECT user_count FROM tenant_usage');
    expect(rows).toEqual([{ user_count: 3 }]);
  });

  it('are kept exactly when users register and are reactivated at the same time', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 5 });
    const context = { tenantId, role: 'admin' };
    const { userId: adminId } = await seedUser(db.database, tenantId, { role: 'admin' });
    const away: string[] = [];
    for (let index = 0; index < 25; index += 1) {
      const status = index % 2 === 0 ? 'inactive' : 'suspended';
      away.push((await seedUser(db.database, tenantId, { status })).userId);
    }
    const results = await Promise.allSettled(
      away.flatMap((userId, n) => [
        db.statement(
          { ...context, userId: adminId },
          `UPDATE users SET status = 'active' WHERE id = $1`,
          [userId],
        ),
        db.statement(context, INSERT_USER, [tenantId, `${n}@example.com`, HASH]),
      ]),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    for (const result of results) {
      if (result.status === 'rejected')
        expect(result.reason).toEqual(refusal('23514', 'tenant_user_limit'));
    }
    const { rows } = await db.statement(context, 'SELECT user_count FROM tenant_usage');
    expect(rows).toEqual([{ user_count: 5 }]);
    expect(await db.usageDrift(tenantId)).toMatchObject({ users: '0' });
  });

  it('do not count users who are suspended or inactive, also when these are deleted', async () => {
    const { tenantId } = await seedTenant(db.database);
    const { userId: adminId } = await seedUser(db.database, tenantId, { role: 'admin' });
    const { userId } = await seedUser(db.database, tenantId);
    const context = { tenantId, userId: adminId, role: 'admin' };
    const used = async (statement: string): Promise<unknown> => {
      await db.statement(context, statement, [userId]);
      const { rows } = await db.statement(context, 'SELECT user_count FROM tenant_usage');
      return rows[0]?.['user_count'];
    };
    const to = (status: string) => `UPDATE users SET status = '${status}' WHERE id = $1`;
    expect(await used(to('suspended'))).toBe(1);
    expect(await used(to('inactive'))).toBe(1);
    expect(await used(to('active'))).toBe(2);
    expect(await used(to('inactive'))).toBe(1);
    expect(await used('DELETE FROM users WHERE id = $1')).toBe(1);
  });

  it('cost a registration as many rows in a tenant of a thousand users as in a small one', async () => {
    const users = 1_000;
    const small = await seedTenant(db.database);
    const large = await seedTenant(db.database, { maxUsers: 2 * users });
    await db.admin.query(
      `INSERT INTO users (tenant_id, email, password_hash)
       SELECT $1, n || '@many.example', $2 FROM generate_series(1, $3::int) n`,
      [large.tenantId, HASH, users],
    );
    expect(await rowsReadToRegister(large.tenantId)).toBe(await rowsReadToRegister(small.tenantId));
  });

  it('free a seat when a user is deleted or a registration is rolled back', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 1 });
    const context = { tenantId, role: 'admin' };
    await expect(
      db.within(context, async (client) => {
        await client.query(INSERT_USER, [tenantId, 'a@example.com', HASH]);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await db.statement(context, INSERT_USER, [tenantId, 'b@example.com', HASH]);
    await db.statement(context, 'DELETE FROM users');
    await db.statement(context, INSERT_USER, [tenantId, 'c@example.com', HASH]);
  });

  it('apply to POCs and to the bytes of their files', async () => {
    const { tenantId } = await seedTenant(db.database, { maxPocs: 1, maxStorageGb: 1 });
    const { userId } = await seedUser(db.database, tenantId);
    const context = { tenantId, userId, role: 'user', login: 'tracker' as const };
    const { rows } = await db.statement(context, INSERT_POC, [tenantId, 'first', userId]);
    await expect(db.statement(context, INSERT_POC, [tenantId, 'second', userId])).rejects.toEqual(
      refusal('23514', 'tenant_poc_limit'),
    );
    const poc = rows[0]?.['id'];
    await db.statement(context, INSERT_FILE, [tenantId, poc, 'a', 2 ** 30 - 4_096, userId]);
    await expect(
      db.statement(context, INSERT_FILE, [tenantId, poc, 'b', 4_097, userId]),
    ).rejects.toEqual(refusal('23514', 'tenant_storage_limit'));
    await expect(
      db.operators.query('UPDATE poc_files SET file_size = file_size + 4097 WHERE tenant_id = $1', [
        tenantId,
      ]),
    ).rejects.toEqual(refusal('23514', 'tenant_storage_limit'));
    await db.statement(context, INSERT_FILE, [tenantId, poc, 'c', 0, userId]);
    const viewer = { tenantId, userId, role: 'user', permissions: ['view_usage'] };
    const usage = await db.statement(
      viewer,
      'SELECT poc_count, storage_bytes::text FROM tenant_usage',
    );
    expect(usage.rows).toEqual([{ poc_count: 1, storage_bytes: String(2 ** 30) }]);
    await db.statement(context, 'DELETE FROM pocs');
    const after = await db.statement(
      viewer,
      'SELECT poc_count, storage_bytes::text FROM tenant_usage',
    );
    expect(after.rows).toEqual([{ poc_count: 0, storage_bytes: '0' }]);
  });
});

describe('The counted usage', () => {
  it('equals a recount after many concurrent inserts, updates, deletions and rollbacks', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 40, maxPocs: 30 });
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    const admin = { tenantId, userId, role: 'admin' };
    const tracker = { ...admin, login: 'tracker' as const };
    const kept = await db.statement(tracker, INSERT_POC, [tenantId, 'kept', userId]);
    await db.statement(tracker, INSERT_FILE, [tenantId, kept.rows[0]?.['id'], 'f', 1, userId]);
    const changeUsers = (n: number) =>
      db.within(admin, async (client) => {
        const email = `concurrent-${n}@example.com`;
        await client.query(INSERT_USER, [tenantId, email, HASH]);
        if (n % 5 === 0) throw new Error('aborted');
        if (n % 7 === 0) await client.query('DELETE FROM users WHERE email = $1', [email]);
      });
    const changePocs = (n: number) =>
      db.within(tracker, async (client) => {
        if (n % 4 === 0) {
          await client.query(
            `DELETE FROM pocs WHERE id = (SELECT id FROM pocs WHERE title <> 'kept' ORDER BY random() LIMIT 1)`,
          );
        }
        const { rows } = await client.query<{ id: string }>(INSERT_POC, [tenantId, `${n}`, userId]);
        await client.query('SAVEPOINT s');
        await client.query(INSERT_FILE, [tenantId, rows[0]?.id, 'f', n * 1_000, userId]);
        if (n % 3 === 0) await client.query('ROLLBACK TO SAVEPOINT s');
        if (n % 5 === 0) throw new Error('aborted');
      });
    const growFile = () =>
      db.operators.query(
        'UPDATE poc_files SET file_size = file_size * 2 WHERE tenant_id = $1 AND poc_id = $2',
        [tenantId, kept.rows[0]?.['id']],
      );
    const work = Array.from({ length: 60 }, (_, n) => [
      () => changeUsers(n),
      () => changePocs(n),
      ...(n % 6 === 0 ? [growFile] : []),
    ]).flat();
    const results = await Promise.allSettled(work.map((run) => run()));
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(10);
    expect(await db.usageDrift(tenantId)).toEqual(NO_DRIFT);
  });

  it('can be repaired by operators, even while a user registers', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 100 });
    await db.register(tenantId);
    await db.admin.query(
      'UPDATE tenant_usage SET user_count = 7, poc_count = 3 WHERE tenant_id = $1',
      [tenantId],
    );
    expect(await db.usageDrift(tenantId)).toEqual({ users: '6', pocs: '3', bytes: '0' });
    let repair: Promise<unknown> | undefined;
    await db.within({ tenantId, role: 'admin' }, async (client) => {
      await client.query(INSERT_USER, [tenantId, 'meanwhile@example.com', HASH]);
      repair = db.operators.query('SELECT repair_tenant_usage($1)', [tenantId]);
      await db.waitForLock();
    });
    await repair;
    expect(await db.usageDrift(tenantId)).toEqual(NO_DRIFT);
  });
});

describe('The usage of a tenant', () => {
  it('is visible with the permission view_usage only', async () => {
    const { tenantId } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId);
    const count = async (permissions: string[]): Promise<number | null> =>
      (
        await db.statement(
          { tenantId, userId, role: 'user', permissions },
          'SELECT tenant_id FROM tenant_usage',
        )
      ).rowCount;
    expect(await count(['view_usage'])).toBe(1);
    expect(await count(['manage_users'])).toBe(0);
  });
});
