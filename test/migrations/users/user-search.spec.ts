import { NIL_UUID } from '@poc-tracker/contracts';
import type { TenantDatabase } from '@poc-tracker/tenancy';
import { seedTenant, seedUser } from '@poc-tracker/testing';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type UserFilter,
  UserDirectoryRepository,
} from '../../../apps/auth-service/src/user/user-directory.repository.js';
import type { SearchPosition } from '../../../apps/auth-service/src/user/user-search.js';
import { HASH, useServiceDatabase } from '../service-database.js';

const TENANTS = 20;
const USERS = 1_000;

const db = useServiceDatabase();
const tenants: string[] = [];

beforeAll(async () => {
  for (let index = 0; index < TENANTS; index += 1)
    tenants.push((await seedTenant(db.database)).tenantId);
  const admin = new pg.Client({ connectionString: db.database.adminUrl });
  await admin.connect();
  // Without the triggers, which would write 20,000 entries to the audit log.
  await admin.query('SET session_replication_role = replica');
  await admin.query(
    `INSERT INTO users (tenant_id, id, email, password_hash, first_name, last_name, role, status)
     SELECT t, uuid_v7(), format('%s.%s@example.com', chr(97 + n % 26), n), $2,
            (ARRAY['Ana', 'Ângela', 'Bruno', 'Érica', 'JOÃO', 'Zoë'])[1 + n % 6],
            (ARRAY['Álvares', 'Silva', 'Souza', 'Tavares'])[1 + n / 6 % 4] || n,
            CASE WHEN n % 100 = 0 THEN 'manager' ELSE 'user' END,
            CASE WHEN n % 50 = 0 THEN 'suspended' ELSE 'active' END
       FROM unnest($1::uuid[]) t, generate_series(1, $3::int) n`,
    [tenants, HASH, USERS],
  );
  await admin.query('ANALYZE');
  await admin.end();
});

/** Runs the query of the repository in a tenant, with the service's login under row-level security. */
async function inTenant<T>(
  tenantId: string,
  query: (directory: UserDirectoryRepository) => Promise<T>,
  onStatement: (
    client: pg.PoolClient,
    sql: string,
    params: unknown[],
  ) => Promise<void> = async () => {},
): Promise<T> {
  return db.within({ tenantId, role: 'manager' }, (client) =>
    query(
      new UserDirectoryRepository({
        query: async (sql: string, params: unknown[]) => {
          await onStatement(client, sql, params);
          return (await client.query(sql, params)).rows as unknown[];
        },
      } as unknown as TenantDatabase),
    ),
  );
}

const search = (text: string, limit = USERS, filter: UserFilter = {}) =>
  inTenant(tenants[0] ?? '', (directory) => directory.search(text, filter, null, limit));

/** Whether a statement searches, and does not set anything or load users by their ids. */
const searches = (sql: string): boolean => /\bFROM users\s+WHERE\b/.test(sql);

/** The plans of the statements that search: the custom and the generic plan of each. */
async function plansOf(
  query: (directory: UserDirectoryRepository) => Promise<unknown>,
): Promise<string[]> {
  const plans: string[] = [];
  await inTenant(tenants[7] ?? '', query, async (client, sql, params) => {
    if (!searches(sql)) return;
    await client.query(`PREPARE page AS ${sql}`);
    const values = params.map((value) =>
      typeof value === 'string' || typeof value === 'number'
        ? pg.escapeLiteral(String(value))
        : 'NULL',
    );
    for (const mode of ['force_custom_plan', 'force_generic_plan']) {
      await client.query(`SET LOCAL plan_cache_mode = ${mode}`);
      const { rows } = await client.query<Record<string, string>>(
        `EXPLAIN (COSTS off) EXECUTE page(${values.join(', ')})`,
      );
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
    }
    await client.query('DEALLOCATE page');
  });
  return plans;
}

/** The id after which a page in the middle of a tenant begins. */
async function middleOf(tenantId: string): Promise<string> {
  const users = await inTenant(tenantId, (directory) => directory.list({}, null, USERS / 2));
  return users.at(-1)?.id ?? '';
}

/** The index conditions of a plan. */
const conditions = (plan: string): string[] =>
  [...plan.matchAll(/Index Cond: (.*)/g)].map(([, condition]) => condition ?? '');

interface Plan {
  Plan: PlanNode;
}

interface PlanNode {
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

/** Rows that all nodes of a plan read. */
function rowsRead(node?: PlanNode): number {
  if (node === undefined) return 0;
  const own = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
  return (node.Plans ?? []).reduce((sum, child) => sum + rowsRead(child), own);
}

/** The columns that are searched, in the order of the results. */
const SOURCES = ['email_key', 'search_unicode_email', 'search_name', 'search_last_name'];

describe('The search for users under row-level security', () => {
  it.each(SOURCES)(
    'uses the index of %s for tenant, prefix and cursor, without sorting',
    async (column) => {
      const source = SOURCES.indexOf(column);
      const after = { source, key: 'zoe@x', id: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' };
      const plans = await plansOf((directory) =>
        directory.search('zoe@', { role: 'user' }, after, USERS),
      );
      // The first two plans belong to the column in which the page continues.
      for (const plan of plans.slice(0, 2)) {
        const [condition = ''] = conditions(plan);
        expect(condition, plan).toMatch(/tenant_id = /);
        expect(condition, plan).toMatch(new RegExp(`\\b${column}\\b[^<>]* >= `));
        expect(condition, plan).toMatch(new RegExp(`\\b${column}\\b[^<>]* < `));
        expect(condition, plan).toMatch(new RegExp(`ROW\\(.*\\b${column}\\b.*, id\\) > ROW`));
        expect(plan).not.toMatch(/Seq Scan on users|Sort/);
      }
      expect(plans).toHaveLength(2 * (SOURCES.length - source));
    },
  );

  it('reads no more rows than one page, however many users match', async () => {
    const read: number[] = [];
    await inTenant(
      tenants[0] ?? '',
      (directory) => directory.search('an', {}, null, 20),
      async (client, sql, params) => {
        if (!searches(sql)) return;
        const { rows } = await client.query<Record<'QUERY PLAN', Plan[]>>(
          `EXPLAIN (ANALYZE, FORMAT json) ${sql}`,
          params,
        );
        read.push(rowsRead(rows[0]?.['QUERY PLAN'][0]?.Plan));
      },
    );
    // No address begins with "an", but 333 names do. The page counts once in the index scan and once in the limit.
    const [byAddress = USERS, byName = USERS, ...others] = read;
    expect(byAddress).toBeLessThan(20);
    expect(byName).toBeLessThan(60);
    expect(others).toEqual([]);
  });

  it.each<[string, UserFilter, RegExp]>([
    ['page', {}, /tenant_id = .*\(id > /],
    ['role', { role: 'manager' }, /tenant_id = .*\(role = .*\(id > /],
    ['status', { status: 'suspended' }, /tenant_id = .*\(status = .*\(id > /],
    [
      'custom role',
      { customRoleId: tenants[0] ?? '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' },
      /tenant_id = .*\(custom_role_id = .*\(id > /,
    ],
  ])(
    'uses an index that begins with the tenant for a list by %s',
    async (_name, filter, expected) => {
      const after = await middleOf(tenants[7] ?? '');
      for (const plan of await plansOf((directory) => directory.list(filter, after, 51))) {
        expect(conditions(plan).join('\n'), plan).toMatch(expected);
        expect(plan).not.toContain('Seq Scan on users');
      }
    },
  );

  it('uses only comparisons that are leakproof', async () => {
    const { rows } = await db.admin.query(
      `SELECT proname, proleakproof FROM pg_proc
        WHERE oid IN ('text_ge'::regproc, 'text_gt'::regproc, 'text_lt'::regproc, 'uuid_gt'::regproc) ORDER BY 1`,
    );
    expect(rows).toEqual(
      ['text_ge', 'text_gt', 'text_lt', 'uuid_gt'].map((proname) => ({
        proname,
        proleakproof: true,
      })),
    );
  });

  it('matches the beginning of the email address, the name and the last name, ignoring accents and case', async () => {
    const names = async (text: string) =>
      new Set((await search(text)).map(({ firstName }) => firstName));
    expect(await names('joa')).toEqual(new Set(['JOÃO']));
    expect(await names('JOÃ')).toEqual(new Set(['JOÃO']));
    expect(await names('JOA\u0303')).toEqual(new Set(['JOÃO']));
    expect(await names('erica')).toEqual(new Set(['Érica']));
    expect((await search('ANA SOUZA')).map(({ lastName }) => lastName?.slice(0, 5))).toEqual(
      expect.arrayContaining(['Souza']),
    );
    expect(new Set((await search('alvares')).map(({ lastName }) => lastName?.slice(0, 7)))).toEqual(
      new Set(['Álvares']),
    );
    expect((await search('B.1@Example')).map(({ email }) => email)).toEqual(['b.1@example.com']);
    expect(await search('%')).toEqual([]);
    expect(await search('unknown')).toEqual([]);
  });

  it('finds an address by either form of its domain, once', async () => {
    const { tenantId } = await seedTenant(db.database);
    const emails = [
      'ana@xn--bcher-kva.example',
      'ana@bucher.example',
      'ana@x.xn--bcher-kva.example',
    ];
    for (const email of emails) await seedUser(db.database, tenantId, { email });
    const found = async (text: string) => {
      const users = await inTenant(tenantId, (directory) => directory.search(text, {}, null, 50));
      return users.map(({ email }) => email);
    };
    const international = ['ana@xn--bcher-kva.example'];
    for (const text of [
      'ana@bü',
      'ana@bücher',
      'ANA@BU\u0308CHER.Ex',
      'a\u200dna@bü\u200ccher',
      'ana@xn--b',
      'ana@xn--bcher-kva',
      'ana@xn--bcher-kva.example',
    ])
      expect(await found(text), text).toEqual(international);
    expect(await found('ana@b')).toEqual(['ana@bucher.example', ...international]);
    expect(await found('ana@x.bü')).toEqual(['ana@x.xn--bcher-kva.example']);
    expect(await found('ana')).toHaveLength(3);
    expect(await found('ana@')).toHaveLength(3);
  });

  it('returns each user once across pages: by email address, then by name, then by last name', async () => {
    const all = await search('a');
    const ids = all.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(300);
    expect(new Set(ids).size).toBe(ids.length);
    const positions = all.map(({ position: { source, key, id } }) => [source, key, id].join('\0'));
    expect(positions).toEqual([...positions].sort());
    expect(new Set(all.map(({ position }) => position.source))).toEqual(new Set([0, 2, 3]));
    const paged: string[] = [];
    for (let after: SearchPosition | null = null, page = 0; page < 20; page += 1) {
      const found = await inTenant(tenants[0] ?? '', (directory) =>
        directory.search('a', {}, after, 60),
      );
      paged.push(...found.map(({ id }) => id));
      after = found.at(-1)?.position ?? null;
      if (found.length < 60) break;
    }
    expect(paged).toEqual(ids);
  });

  it('continues after a user whose email address changed in the meantime', async () => {
    const [first, second, third] = await search('b.1', 3);
    if (first === undefined) throw new Error('The search found no user.');
    await db.admin.query(`UPDATE users SET email = 'zz@example.com' WHERE id = $1`, [first.id]);
    const rest = await inTenant(tenants[0] ?? '', (directory) =>
      directory.search('b.1', {}, first.position, 2),
    );
    await db.admin.query('UPDATE users SET email = $2 WHERE id = $1', [first.id, first.email]);
    expect(rest.map(({ id }) => id)).toEqual([second?.id, third?.id]);
  });

  it('can be filtered by role and status', async () => {
    const found = await search('a', USERS, { role: 'manager', status: 'suspended' });
    expect(found.length).toBeGreaterThan(0);
    for (const { role, status } of found) expect([role, status]).toEqual(['manager', 'suspended']);
  });
});

/** Rows of the table that this connection has read. */
async function rowsReadBy(client: pg.PoolClient): Promise<number> {
  const { rows } = await client.query<{ read: number }>(
    `SELECT (seq_tup_read + idx_tup_fetch)::int AS read FROM pg_stat_xact_user_tables WHERE relname = 'users'`,
  );
  return rows[0]?.read ?? 0;
}

describe('The search among colleagues', () => {
  it.each([
    ['name', 0, 'bruno'],
    ['last name', 1, 'silva'],
  ])('reads by the %s the rows of one page only', async (_title, source, prefix) => {
    const tenantId = tenants[0] ?? '';
    const context = { tenantId, userId: NIL_UUID, role: 'viewer', permissions: [] };
    const read = await db.within(context, async (client) => {
      // The counters include earlier transactions of the connection that PostgreSQL has not reported yet.
      const before = await rowsReadBy(client);
      const page = await client.query('SELECT * FROM list_colleagues($1, $2, $3, $4, 5)', [
        source,
        prefix,
        '',
        NIL_UUID,
      ]);
      expect(page.rowCount).toBe(5);
      return (await rowsReadBy(client)) - before;
    });
    // Some of them are of suspended users.
    expect(read).toBeLessThanOrEqual(10);
  });
});
