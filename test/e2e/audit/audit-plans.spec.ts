import { randomUUID } from 'node:crypto';
import { seedTenant } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type EntryFilters,
  searchStatement,
} from '../../../apps/auth-service/src/audit/entry-search.js';
import { ServiceDatabase } from '../../migrations/service-database.js';

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Cond'?: string;
  'Recheck Cond'?: string;
  Plans?: PlanNode[];
}

const TENANTS = 20;
const ROWS = 2_000;

let db: ServiceDatabase;
let tenantId: string;

beforeAll(async () => {
  db = await ServiceDatabase.create();
  ({ tenantId } = await seedTenant(db.database));
  const client = await db.admin.connect();
  await client.query(`SET session_replication_role = replica`);
  const others = [tenantId, ...Array.from({ length: TENANTS }, () => randomUUID())];
  await client.query(
    `INSERT INTO security_events (tenant_id, type, result, actor_kind, actor_id, target_id, request_id)
     SELECT t, 'type.' || n % 50, CASE WHEN n % 500 = 0 THEN 'failure' ELSE 'success' END, 'user',
            gen_random_uuid(), gen_random_uuid()::text, gen_random_uuid()::text
       FROM unnest($1::uuid[]) t, generate_series(1, $2::int) n`,
    [others, ROWS],
  );
  await client.query(
    `INSERT INTO audit_log (tenant_id, table_name, operation, user_id, new_data)
     SELECT t, 'table_' || chr(97 + n % 26), CASE WHEN n % 100 = 0 THEN 'DELETE' ELSE 'INSERT' END,
            gen_random_uuid(), jsonb_build_object('id', gen_random_uuid())
       FROM unnest($1::uuid[]) t, generate_series(1, $2::int) n`,
    [others, ROWS],
  );
  await client.query('ANALYZE');
  client.release(true);
});

afterAll(async () => {
  await db?.drop();
});

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** Returns the scans that PostgreSQL plans for both tables, for these values or for any. */
async function scansOf(filters: EntryFilters, mode: string): Promise<PlanNode[]> {
  const statement = searchStatement(filters, 50);
  if (statement === null) return [];
  const name = `s_${randomUUID().replaceAll('-', '')}`;
  return db.within({ tenantId, role: 'manager' }, async (client) => {
    await client.query(`SET LOCAL plan_cache_mode = ${mode}`);
    await client.query(`PREPARE ${name} AS ${statement.sql}`);
    const values = statement.params.map((value) => `'${String(value)}'`).join(', ');
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `EXPLAIN (FORMAT JSON) EXECUTE ${name} (${values})`,
    );
    const plan = rows[0]?.['QUERY PLAN'][0].Plan;
    if (plan === undefined) throw new Error('There is no plan.');
    return nodesOf(plan).filter((node) =>
      ['security_events', 'audit_log'].includes(node['Relation Name'] ?? ''),
    );
  });
}

describe('The search of the audit log', () => {
  const cases: EntryFilters[] = [
    {},
    { before: randomUUID() },
    { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' },
    { type: 'type.7' },
    { type: 'row.deleted' },
    { result: 'failure' },
    { actorId: randomUUID() },
    { targetId: randomUUID() },
    { table: 'table_a' },
    { requestId: randomUUID() },
  ];

  it.each(['force_custom_plan', 'force_generic_plan'])(
    'uses an index that starts with the tenant, under %s',
    async (mode) => {
      for (const filters of cases) {
        const scans = await scansOf(filters, mode);
        expect(scans.length, JSON.stringify(filters)).toBeGreaterThan(0);
        for (const scan of scans) {
          expect(scan['Node Type'], JSON.stringify(filters)).toMatch(/^(Index|Bitmap Heap)/);
          const condition = scan['Index Cond'] ?? scan['Recheck Cond'];
          expect(condition, JSON.stringify([filters, scan])).toContain('tenant_id');
          const column = columnOf(filters, scan['Relation Name'] ?? '');
          if (column !== undefined)
            expect(condition, JSON.stringify([filters, scan])).toContain(column);
        }
      }
    },
  );
});

function columnOf(filters: EntryFilters, table: string): string | undefined {
  const columns: Partial<Record<string, [event: string, change: string]>> = {
    type: ['type', 'operation'],
    actorId: ['actor_id', 'user_id'],
    targetId: ['target_id', 'row_id'],
    table: ['', 'table_name'],
    requestId: ['request_id', ''],
    from: ['id', 'id'],
    before: ['id', 'id'],
  };
  const filter = Object.keys(filters)[0] ?? '';
  return columns[filter]?.[table === 'security_events' ? 0 : 1];
}
