import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { proveIsolation } from '@poc-tracker/tenancy';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const REFUSED = '42501';

let database: TestDatabase;
let tracker: pg.Pool;
let admin: pg.Pool;
let tenantId: string;
let ana: string;
let bia: string;
let poc: string;

beforeAll(async () => {
  database = await createTestDatabase();
  tracker = new pg.Pool({ connectionString: database.trackerUrl, max: 4 });
  admin = new pg.Pool({ connectionString: database.adminUrl, max: 2 });
});

afterAll(async () => {
  await Promise.all([tracker.end(), admin.end()]);
  await database.drop();
});

beforeEach(async () => {
  ({ tenantId } = await seedTenant(database));
  ana = (await seedUser(database, tenantId)).userId;
  bia = (await seedUser(database, tenantId)).userId;
  poc = randomUUID();
  await admin.query(
    `INSERT INTO pocs (tenant_id, id, title, created_by) VALUES ($1, $2, 'x', $3)`,
    [tenantId, poc, ana],
  );
});

interface Context {
  tenant?: string;
  user: string | null;
  role: string | null;
}

/** Runs statements in a transaction of the tracker's login and rolls it back. @returns the row count of the last one. */
async function as(context: Context, ...statements: [string, ...unknown[]][]): Promise<number> {
  const client = await tracker.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT set_user_context($1, $2, $3)', [
      context.tenant ?? tenantId,
      context.user,
      context.role,
    ]);
    let rows = 0;
    for (const [sql, ...params] of statements)
      rows = (await client.query(sql, params)).rowCount ?? 0;
    return rows;
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

async function set(settings: object): Promise<void> {
  await admin.query(
    `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value) VALUES ($1, 'features', $2)
     ON CONFLICT (tenant_id, setting_key) DO UPDATE SET setting_value = $2`,
    [tenantId, settings],
  );
}

const refused = expect.objectContaining({ code: REFUSED }) as Error;

describe("The tracker's login", () => {
  const query = async (sql: string, params?: unknown[]) =>
    (await tracker.query<Record<string, unknown>>(sql, params)).rows;

  it('passes the proof of isolation', async () => {
    await proveIsolation(query, { login: 'tracker' });
  });

  it('fails the proof of isolation with the rights of the service, or with a table that has no tenant policy', async () => {
    const url = database.serviceUrl;
    const service = new pg.Client({ connectionString: url });
    await service.connect();
    const asService = async (sql: string, params?: unknown[]) =>
      (await service.query<Record<string, unknown>>(sql, params)).rows;
    await expect(proveIsolation(asService, { login: 'tracker' })).rejects.toThrow(
      /is not a member of tracker_user[^]*is a member of authenticated_user/,
    );
    await service.end();
    await admin.query('GRANT SELECT ON users TO tracker_user');
    await expect(proveIsolation(query, { login: 'tracker' })).rejects.toThrow(
      'table users: has no restrictive policy that limits tracker_user to its tenant',
    );
    await admin.query('REVOKE SELECT ON users FROM tracker_user');
  });

  it.each([
    'SELECT id FROM users',
    'SELECT id FROM user_sessions',
    'SELECT id FROM tenants',
    'SELECT id FROM invites',
    'SELECT id FROM audit_log',
    'SELECT poc_count FROM tenant_usage',
    'UPDATE user_sessions SET is_active = false',
    `SELECT * FROM find_credentials('ana@example.com')`,
    'CREATE TABLE mine ()',
    'CREATE TEMP TABLE mine ()',
    'TRUNCATE pocs CASCADE',
    'SET ROLE authenticated_user',
  ])('cannot run %s', async (sql) => {
    await expect(as({ user: ana, role: 'manager' }, [sql])).rejects.toEqual(refused);
  });

  it('reads only the feature settings of its tenant', async () => {
    await set({});
    await admin.query(`INSERT INTO tenant_settings VALUES ($1, 'security', '{}')`, [tenantId]);
    const read = 'SELECT setting_key FROM tenant_settings';
    expect(await as({ user: ana, role: 'viewer' }, [read])).toBe(1);
  });

  it('uses indexes that begin with the tenant to list POCs and to search titles by prefix', async () => {
    const client = await tracker.connect();
    await client.query('BEGIN');
    await client.query('SELECT set_user_context($1, $2, $3)', [tenantId, ana, 'user']);
    await client.query('SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off');
    const planOf = async (sql: string): Promise<string> => {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS off) ${sql}`);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    expect(
      await planOf(
        `SELECT id FROM pocs
          WHERE title_search >= search_key('ÇOLD') AND title_search < search_key('ÇOLD') || U&'\\+10FFFF'
          ORDER BY title_search, id LIMIT 50`,
      ),
    ).toMatch(/pocs_title_search_idx[^]*Index Cond: \(\(tenant_id = .*title_search >= 'cold'/);
    expect(
      await planOf(`SELECT id FROM pocs WHERE id < '${poc}' ORDER BY id DESC LIMIT 50`),
    ).toMatch(/Index Cond: \(\(tenant_id = .*id < /);
    await client.query('ROLLBACK');
    client.release();
  });
});

describe('A POC', () => {
  const rename = 'UPDATE pocs SET title = $2 WHERE id = $1';
  const read = 'SELECT id FROM pocs WHERE id = $1';
  const remove = 'DELETE FROM pocs WHERE id = $1';

  it('is updated only by its creator and by managers', async () => {
    expect(await as({ user: ana, role: 'user' }, [rename, poc, 'y'])).toBe(1);
    expect(await as({ user: bia, role: 'manager' }, [rename, poc, 'y'])).toBe(1);
    expect(await as({ user: bia, role: 'user' }, [rename, poc, 'y'])).toBe(0);
    expect(await as({ user: ana, role: 'viewer' }, [rename, poc, 'y'])).toBe(0);
    expect(await as({ user: bia, role: 'user' }, [remove, poc])).toBe(0);
  });

  it('is updated by collaborators while the tenant enables collaboration, and never deleted by them', async () => {
    await admin.query(
      'INSERT INTO poc_collaborators (tenant_id, poc_id, user_id) VALUES ($1, $2, $3)',
      [tenantId, poc, bia],
    );
    expect(await as({ user: bia, role: 'user' }, [rename, poc, 'y'])).toBe(1);
    expect(await as({ user: bia, role: 'viewer' }, [rename, poc, 'y'])).toBe(0);
    expect(await as({ user: bia, role: 'user' }, [remove, poc])).toBe(0);
    await set({ enableCollaboration: false });
    expect(await as({ user: bia, role: 'user' }, [rename, poc, 'y'])).toBe(0);
    await set({ enableCollaboration: 'malformed' });
    expect(await as({ user: bia, role: 'user' }, [rename, poc, 'y'])).toBe(1);
  });

  it('cannot be created for another user, and only its creator adds collaborators', async () => {
    const insert = 'INSERT INTO pocs (tenant_id, title, created_by) VALUES ($1, $2, $3)';
    const add = 'INSERT INTO poc_collaborators (tenant_id, poc_id, user_id) VALUES ($1, $2, $3)';
    await expect(as({ user: bia, role: 'user' }, [insert, tenantId, 'x', ana])).rejects.toEqual(
      refused,
    );
    await expect(as({ user: bia, role: 'user' }, [add, tenantId, poc, bia])).rejects.toEqual(
      refused,
    );
    expect(await as({ user: ana, role: 'user' }, [add, tenantId, poc, bia])).toBe(1);
  });

  it.each(['suspended', 'inactive'])('gets no collaborator who is %s', async (status) => {
    const add = 'INSERT INTO poc_collaborators (tenant_id, poc_id, user_id) VALUES ($1, $2, $3)';
    const { userId } = await seedUser(database, tenantId, { status });
    for (const context of [
      { user: ana, role: 'user' },
      { user: bia, role: 'manager' },
    ])
      await expect(as(context, [add, tenantId, poc, userId])).rejects.toEqual(refused);
  });

  it('is visible without a user only if it is public and the tenant allows public POCs', async () => {
    const anonymous = { user: null, role: null };
    await admin.query('UPDATE pocs SET is_public = true WHERE id = $1', [poc]);
    expect(await as(anonymous, [read, poc])).toBe(0);
    await set({ allowPublicPocs: true });
    expect(await as(anonymous, [read, poc])).toBe(1);
    await admin.query('UPDATE pocs SET is_public = false WHERE id = $1', [poc]);
    expect(await as(anonymous, [read, poc])).toBe(0);
  });

  it('accepts files only from users who may edit it, and only in their own name', async () => {
    const insert =
      'INSERT INTO poc_files (tenant_id, poc_id, file_name, file_size, created_by) VALUES ($1, $2, $3, 1, $4)';
    expect(await as({ user: ana, role: 'user' }, [insert, tenantId, poc, 'x', ana])).toBe(1);
    await expect(
      as({ user: bia, role: 'user' }, [insert, tenantId, poc, 'x', bia]),
    ).rejects.toEqual(refused);
    await expect(
      as({ user: bia, role: 'manager' }, [insert, tenantId, poc, 'x', ana]),
    ).rejects.toEqual(refused);
  });
});

describe('Whether a POC is public', () => {
  it('is decided by its creator and by users with manage_pocs, and not by a collaborator', async () => {
    await set({ enableCollaboration: true, allowPublicPocs: true });
    await admin.query(
      'INSERT INTO poc_collaborators (tenant_id, poc_id, user_id) VALUES ($1, $2, $3)',
      [tenantId, poc, bia],
    );
    const edit = "UPDATE pocs SET title = 'edited' WHERE id = $1";
    const publish = 'UPDATE pocs SET is_public = true WHERE id = $1';
    expect(await as({ user: bia, role: 'user' }, [edit, poc])).toBe(1);
    await expect(as({ user: bia, role: 'user' }, [publish, poc])).rejects.toEqual(refused);
    expect(await as({ user: ana, role: 'user' }, [publish, poc])).toBe(1);
    expect(await as({ user: bia, role: 'manager' }, [publish, poc])).toBe(1);
  });
});
