import { seedTenant, seedUser } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HASH, refusal, ServiceDatabase } from './service-database.js';

let db: ServiceDatabase;

beforeAll(async () => {
  db = await ServiceDatabase.create();
});

afterAll(async () => {
  await db.drop();
});

const REGISTER = 'INSERT INTO users (tenant_id, email, password_hash) VALUES ($1, $2, $3)';

/** How many rows of any table PostgreSQL reads for one registration. */
async function rowsReadToRegister(tenantId: string): Promise<number> {
  const rowsRead = `
    SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows FROM pg_stat_xact_user_tables`;
  return db.within({ tenantId, role: 'admin' }, async (client) => {
    const before = await client.query<{ rows: number }>(rowsRead);
    await client.query(REGISTER, [tenantId, 'one.more@example.com', HASH]);
    const after = await client.query<{ rows: number }>(rowsRead);
    return (after.rows[0]?.rows ?? 0) - (before.rows[0]?.rows ?? 0);
  });
}

describe('the limits of a tenant', () => {
  it('stop registrations exactly at the last seat, however many come at once', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 3 });
    const context = { tenantId, role: 'admin' };
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        db.statement(context, REGISTER, [tenantId, `${n}@example.com`, HASH]),
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

  it('cost as much in a tenant of a thousand as in one of a few', async () => {
    const crowd = 1_000;
    const small = await seedTenant(db.database);
    const large = await seedTenant(db.database, { maxUsers: 2 * crowd });
    await db.admin.query(
      `INSERT INTO users (tenant_id, email, password_hash)
       SELECT $1, n || '@crowd.example', $2 FROM generate_series(1, $3::int) n`,
      [large.tenantId, HASH, crowd],
    );
    expect(await rowsReadToRegister(large.tenantId)).toBe(await rowsReadToRegister(small.tenantId));
  });

  it('free a seat when somebody is deleted or their registration is rolled back', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 1 });
    const context = { tenantId, role: 'admin' };
    await expect(
      db.within(context, async (client) => {
        await client.query(REGISTER, [tenantId, 'a@example.com', HASH]);
        throw new Error('given up');
      }),
    ).rejects.toThrow('given up');
    await db.statement(context, REGISTER, [tenantId, 'b@example.com', HASH]);
    await db.statement(context, 'DELETE FROM users');
    await db.statement(context, REGISTER, [tenantId, 'c@example.com', HASH]);
  });

  it('count proofs of concept and the bytes of their files', async () => {
    const { tenantId } = await seedTenant(db.database, { maxPocs: 1, maxStorageGb: 1 });
    const { userId } = await seedUser(db.database, tenantId);
    const context = { tenantId, userId, role: 'user' };
    const addPoc =
      'INSERT INTO pocs (tenant_id, title, created_by) VALUES ($1, $2, $3) RETURNING id';
    const { rows } = await db.statement(context, addPoc, [tenantId, 'first', userId]);
    await expect(db.statement(context, addPoc, [tenantId, 'second', userId])).rejects.toEqual(
      refusal('23514', 'tenant_poc_limit'),
    );
    const addFile =
      'INSERT INTO poc_files (tenant_id, poc_id, file_name, file_size, created_by) VALUES ($1, $2, $3, $4, $5)';
    const poc = rows[0]?.['id'];
    await db.statement(context, addFile, [tenantId, poc, 'a', 2 ** 30 - 1, userId]);
    await expect(db.statement(context, addFile, [tenantId, poc, 'b', 2, userId])).rejects.toEqual(
      refusal('23514', 'tenant_storage_limit'),
    );
    await expect(
      db.statement(context, `UPDATE poc_files SET file_size = file_size + 2`),
    ).rejects.toEqual(refusal('23514', 'tenant_storage_limit'));
    await db.statement(context, addFile, [tenantId, poc, 'c', 1, userId]);
    const usage = await db.statement(
      context,
      'SELECT poc_count, storage_bytes::text FROM tenant_usage',
    );
    expect(usage.rows).toEqual([{ poc_count: 1, storage_bytes: String(2 ** 30) }]);
    await db.statement(context, 'DELETE FROM pocs');
    const after = await db.statement(
      context,
      'SELECT poc_count, storage_bytes::text FROM tenant_usage',
    );
    expect(after.rows).toEqual([{ poc_count: 0, storage_bytes: '0' }]);
  });
});
