import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIST_TENANTS, SEARCH_TENANTS } from './platform-tenant.repository.js';

const TENANTS = 10_000;

let database: TestDatabase;
let operator: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.sql(
    `INSERT INTO tenants (name, subdomain)
     SELECT CASE WHEN i % 1000 = 0 THEN 'Ágata ' ELSE 'Empresa ' END || md5(i::text), 't-' || md5(i::text)
       FROM generate_series(1, $1::int) i`,
    [TENANTS],
  );
  await database.sql('ANALYZE tenants');
  operator = new pg.Client({ connectionString: database.platformUrl });
  await operator.connect();
});

afterAll(async () => {
  await operator.end();
  await database.drop();
});

const page = (search?: string): unknown[] => [
  null,
  null,
  null,
  51,
  ...(search === undefined ? [] : [search]),
];

async function find(search: string): Promise<string[]> {
  const { rows } = await operator.query<{ name: string }>(SEARCH_TENANTS, page(search));
  return rows.map(({ name }) => name);
}

async function planOf(sql: string, params: unknown[]): Promise<string> {
  const { rows } = await operator.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, params);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

describe('The list of tenants, with 10,000 of them', () => {
  it('finds the start of a name and of a subdomain, ignoring case and accents', async () => {
    expect(await find('AGATA')).toHaveLength(TENANTS / 1_000);
    const [one] = await database.sql<{ name: string; subdomain: string }>(
      'SELECT name, subdomain FROM tenants ORDER BY id DESC LIMIT 1',
    );
    expect(await find(one?.subdomain.toUpperCase() ?? '')).toEqual([one?.name]);
    for (const wildcard of ['%', '_', '%gata']) expect(await find(wildcard)).toEqual([]);
  });

  it('searches by the indexes of names and subdomains', async () => {
    const plan = await planOf(SEARCH_TENANTS, page('agata'));
    expect(plan).toContain('tenants_search_name_idx');
    expect(plan).toContain('tenants_search_subdomain_idx');
    expect(plan).not.toContain('Seq Scan');
  });

  it('reads no more than a page in the order of the primary key without a search', async () => {
    const plan = await planOf(LIST_TENANTS, page());
    expect(plan).toContain('tenants_pkey');
    expect(plan).not.toMatch(/Seq Scan|Sort/);
  });
});
