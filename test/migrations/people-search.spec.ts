import type { TenantDatabase } from '@poc-tracker/tenancy';
import { seedTenant } from '@poc-tracker/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type PeopleFilter,
  UserDirectoryRepository,
} from '../../apps/auth-service/src/auth/user-directory.repository.js';
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

const search = (text: string, limit = PEOPLE) =>
  inTenant(tenants[0] ?? '', (directory) => directory.list({ search: text }, null, limit));

/** The plans of one page: with the values known, and the one that a prepared statement comes to. */
async function plansOf(filter: PeopleFilter, after: string | null): Promise<string[]> {
  const plans: string[] = [];
  await inTenant(
    tenants[7] ?? '',
    (directory) => directory.list(filter, after, 51),
    async (client, sql, params) => {
      if (plans.length > 0) return;
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
    },
  );
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

describe('the search for people under row-level security', () => {
  it('enters an index with the tenant and the range of the prefix, for each of the three columns', async () => {
    for (const after of [null, '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f']) {
      for (const plan of await plansOf({ search: 'zo', role: 'user' }, after)) {
        for (const column of ['email', 'search_name', 'search_last_name']) {
          const range = conditions(plan).filter((condition) =>
            new RegExp(`tenant_id = .*\\b${column}\\b.* >= .*\\b${column}\\b.* < `).test(condition),
          );
          expect(range, `${column} in\n${plan}`).toHaveLength(1);
        }
        expect(plan).not.toContain('Seq Scan on users');
      }
    }
  });

  it.each<[string, PeopleFilter, RegExp]>([
    ['page', {}, /tenant_id = .*\(id > /],
    ['role', { role: 'manager' }, /tenant_id = .*\(role = .*\(id > /],
    ['status', { status: 'suspended' }, /tenant_id = .*\(status = .*\(id > /],
    [
      'role of the tenant',
      { customRoleId: tenants[0] ?? '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' },
      /tenant_id = .*\(custom_role_id = .*\(id > /,
    ],
  ])('enters an index with the tenant for a list by %s', async (_name, filter, expected) => {
    for (const plan of await plansOf(filter, await middleOf(tenants[7] ?? ''))) {
      expect(conditions(plan).join('\n'), plan).toMatch(expected);
      expect(plan).not.toContain('Seq Scan on users');
    }
  });

  it('stands on comparisons that PostgreSQL calls leakproof', async () => {
    const { rows } = await db.admin.query(
      `SELECT proname, proleakproof FROM pg_proc
        WHERE oid IN ('text_ge'::regproc, 'text_lt'::regproc, 'uuid_gt'::regproc) ORDER BY 1`,
    );
    expect(rows).toEqual(
      ['text_ge', 'text_lt', 'uuid_gt'].map((proname) => ({ proname, proleakproof: true })),
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

  it('tells each person once, in the order of their ids, page after page', async () => {
    const all = (await search('a')).map(({ id }) => id);
    expect(all.length).toBeGreaterThan(300);
    expect(all).toEqual([...new Set(all)].sort());
    const paged: string[] = [];
    for (let after: string | null = null, page = 0; page < 20; page += 1) {
      const found = await inTenant(tenants[0] ?? '', (directory) =>
        directory.list({ search: 'a' }, after, 60),
      );
      paged.push(...found.map(({ id }) => id));
      after = found.at(-1)?.id ?? null;
      if (found.length < 60) break;
    }
    expect(paged).toEqual(all);
  });

  it('is narrowed by role and status', async () => {
    const found = await inTenant(tenants[0] ?? '', (directory) =>
      directory.list({ search: 'a', role: 'manager', status: 'suspended' }, null, PEOPLE),
    );
    expect(found.length).toBeGreaterThan(0);
    for (const { role, status } of found) expect([role, status]).toEqual(['manager', 'suspended']);
  });
});
