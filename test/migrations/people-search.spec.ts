import type { TenantDatabase } from '@poc-tracker/tenancy';
import { seedTenant } from '@poc-tracker/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type UserFilter,
  UserDirectoryRepository,
} from '../../apps/auth-service/src/user/user-directory.repository.js';
import type { SearchPosition } from '../../apps/auth-service/src/user/user-search.js';
import { HASH, ServiceDatabase } from './service-database.js';

const TENANTS = 20;
const PEOPLE = 1_000;

let db: ServiceDatabase;
const tenants: string[] = [];

beforeAll(async () => {
  db = await ServiceDatabase.create();
  for (let index = 0; index < TENANTS; index += 1)
    tenants.push((await seedTenant(db.database)).tenantId);
  const admin = new pg.Client({ connectionString: db.database.adminUrl });
  await admin.connect();
  // Without the triggers, which would write a trail of 20,000 people.
  await admin.query('SET session_replication_role = replica');
  await admin.query(
    `INSERT INTO users (tenant_id, id, email, password_hash, first_name, last_name, role, status)
     SELECT t, uuid_v7(), format('%s.%s@example.com', chr(97 + n % 26), n), $2,
            (ARRAY['Ana', 'Ângela', 'Bruno', 'Érica', 'JOÃO', 'Zoë'])[1 + n % 6],
            (ARRAY['Álvares', 'Silva', 'Souza', 'Tavares'])[1 + n / 6 % 4] || n,
            CASE WHEN n % 100 = 0 THEN 'manager' ELSE 'user' END,
            CASE WHEN n % 50 = 0 THEN 'suspended' ELSE 'active' END
       FROM unnest($1::uuid[]) t, generate_series(1, $3::int) n`,
    [tenants, HASH, PEOPLE],
  );
  await admin.query('ANALYZE');
  await admin.end();
});

afterAll(async () => {
  await db.drop();
});

/** What the repository asks, run in a tenant by the service's login under row-level security. */
async function inTenant<T>(
  tenantId: string,
  ask: (directory: UserDirectoryRepository) => Promise<T>,
  seen: (client: pg.PoolClient, sql: string, params: unknown[]) => Promise<void> = async () => {},
): Promise<T> {
  return db.within({ tenantId, role: 'manager' }, (client) =>
    ask(
      new UserDirectoryRepository({
        query: async (sql: string, params: unknown[]) => {
          await seen(client, sql, params);
          return (await client.query(sql, params)).rows as unknown[];
        },
      } as unknown as TenantDatabase),
    ),
  );
}

const search = (text: string, limit = PEOPLE, filter: UserFilter = {}) =>
  inTenant(tenants[0] ?? '', (directory) => directory.search(text, filter, null, limit));

/** And not for the people of those ids, nor for a setting. */
const asksForIds = (sql: string): boolean => /\bFROM users\s+WHERE\b/.test(sql);

/** The plans of statements that ask `users`: with the values known, and the one that a prepared statement comes to. */
async function plansOf(
  ask: (directory: UserDirectoryRepository) => Promise<unknown>,
): Promise<string[]> {
  const plans: string[] = [];
  await inTenant(tenants[7] ?? '', ask, async (client, sql, params) => {
    if (!asksForIds(sql)) return;
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

/** Where a page in the middle of a tenant begins. */
async function middleOf(tenantId: string): Promise<string> {
  const people = await inTenant(tenantId, (directory) => directory.list({}, null, PEOPLE / 2));
  return people.at(-1)?.id ?? '';
}

/** The conditions that the indexes are entered with. */
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

/** Rows that were taken up anywhere in a plan. */
function rowsRead(node?: PlanNode): number {
  if (node === undefined) return 0;
  const own = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
  return (node.Plans ?? []).reduce((sum, child) => sum + rowsRead(child), own);
}

describe('the search for people under row-level security', () => {
  it.each(['email', 'search_name', 'search_last_name'])(
    'enters the index of %s with the tenant, the range of the prefix and the place, in its order',
    async (column) => {
      const source = ['email', 'search_name', 'search_last_name'].indexOf(column);
      const after = { source, key: 'zoe', id: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' };
      const plans = await plansOf((directory) =>
        directory.search('zo', { role: 'user' }, after, PEOPLE),
      );
      // The first two are of the source that the page goes on in.
      for (const plan of plans.slice(0, 2)) {
        const [condition = ''] = conditions(plan);
        expect(condition, plan).toMatch(/tenant_id = /);
        expect(condition, plan).toMatch(new RegExp(`\\b${column}\\b[^<>]* >= `));
        expect(condition, plan).toMatch(new RegExp(`\\b${column}\\b[^<>]* < `));
        expect(condition, plan).toMatch(new RegExp(`ROW\\(.*\\b${column}\\b.*, id\\) > ROW`));
        expect(plan).not.toMatch(/Seq Scan on users|Sort/);
      }
      expect(plans).toHaveLength(2 * (3 - source));
    },
  );

  it('reads one page for a page, however many people match', async () => {
    const read: number[] = [];
    await inTenant(
      tenants[0] ?? '',
      (directory) => directory.search('an', {}, null, 20),
      async (client, sql, params) => {
        if (!asksForIds(sql)) return;
        const { rows } = await client.query<Record<'QUERY PLAN', Plan[]>>(
          `EXPLAIN (ANALYZE, FORMAT json) ${sql}`,
          params,
        );
        read.push(rowsRead(rows[0]?.['QUERY PLAN'][0]?.Plan));
      },
    );
    // No address begins with it, 333 names do. Counted are the page, the limit above it and what the policy asks once.
    const [byAddress = PEOPLE, byName = PEOPLE, ...others] = read;
    expect(byAddress).toBeLessThan(20);
    expect(byName).toBeLessThan(60);
    expect(others).toEqual([]);
  });

  it.each<[string, UserFilter, RegExp]>([
    ['page', {}, /tenant_id = .*\(id > /],
    ['role', { role: 'manager' }, /tenant_id = .*\(role = .*\(id > /],
    ['status', { status: 'suspended' }, /tenant_id = .*\(status = .*\(id > /],
    [
      'role of the tenant',
      { customRoleId: tenants[0] ?? '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' },
      /tenant_id = .*\(custom_role_id = .*\(id > /,
    ],
  ])('enters an index with the tenant for a list by %s', async (_name, filter, expected) => {
    const after = await middleOf(tenants[7] ?? '');
    for (const plan of await plansOf((directory) => directory.list(filter, after, 51))) {
      expect(conditions(plan).join('\n'), plan).toMatch(expected);
      expect(plan).not.toContain('Seq Scan on users');
    }
  });

  it('stands on comparisons that PostgreSQL calls leakproof', async () => {
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

  it('finds by the beginning of the address, of the name and of the last name, without accents or case', async () => {
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
    expect(await search('nobody')).toEqual([]);
  });

  it('tells each person once, by address, then by name, then by last name, page after page', async () => {
    const all = await search('a');
    const ids = all.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(300);
    expect(new Set(ids).size).toBe(ids.length);
    const places = all.map(({ position: { source, key, id } }) => [source, key, id].join('\0'));
    expect(places).toEqual([...places].sort());
    expect(new Set(all.map(({ position }) => position.source))).toEqual(new Set([0, 1, 2]));
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

  it('goes on behind somebody who has another name, or is gone, in the meantime', async () => {
    const [first, second, third] = await search('b.1', 3);
    if (first === undefined) throw new Error('Nobody was found.');
    await db.admin.query(`UPDATE users SET email = 'zz@example.com' WHERE id = $1`, [first.id]);
    const rest = await inTenant(tenants[0] ?? '', (directory) =>
      directory.search('b.1', {}, first.position, 2),
    );
    await db.admin.query('UPDATE users SET email = $2 WHERE id = $1', [first.id, first.email]);
    expect(rest.map(({ id }) => id)).toEqual([second?.id, third?.id]);
  });

  it('is narrowed by role and status', async () => {
    const found = await search('a', PEOPLE, { role: 'manager', status: 'suspended' });
    expect(found.length).toBeGreaterThan(0);
    for (const { role, status } of found) expect([role, status]).toEqual(['manager', 'suspended']);
  });
});
