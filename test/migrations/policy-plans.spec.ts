import { seedTenant, seedUser } from '@poc-tracker/testing';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HOT_QUERIES, type HotQuery } from '../bench/hot-query.list.js';
import { accessesOf, type PlanNode } from '../bench/query-plans.js';
import { useServiceDatabase } from './service-database.js';

const db = useServiceDatabase();

/** A node with the expressions that EXPLAIN (VERBOSE) adds. */
interface VerboseNode extends PlanNode {
  'Parent Relationship'?: string;
  Output?: string[];
  Filter?: string;
  Plans?: VerboseNode[];
}

/** Statements of a tenant's transaction. The others are sent before there is a context, and no policy applies to them. */
const QUERIES = HOT_QUERIES.filter(({ outside }) => outside !== true);

/** Of these, the ones whose tables have a policy that asks for a permission before it finds another reason. */
const BY_PERMISSION = [
  'history of a log-in',
  'user by id',
  'user with the tenant',
  'users, one page',
  'users, search by prefix',
  'sessions of a user',
  'refresh rotation',
  'usage',
  'audit, one page',
  'audit chain, head',
  'audit chain, one page',
];

/** Statements that return the first rows of many. If they sorted them, each would read all rows. */
const IN_INDEX_ORDER = QUERIES.filter(({ name }) =>
  ['sessions of a user', 'audit chain, head', 'audit chain, one page'].includes(name),
);

async function planOf(query: HotQuery): Promise<VerboseNode> {
  const { tenantId, subdomain } = await seedTenant(db.database);
  const { userId, email } = await seedUser(db.database, tenantId, { role: 'admin' });
  const subject = {
    tenantId,
    subdomain,
    adminId: userId,
    userId,
    email,
    sessionId: randomUUID(),
    tokenHash: randomBytes(32),
    cursor: '',
  };
  return db.within({ tenantId, userId, role: 'admin' }, async (client) => {
    // These tables are small. The question is whether an index can serve the statement, not whether it pays.
    await client.query('SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off');
    if (query.before !== undefined) await client.query(query.before);
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: VerboseNode }] }>({
      text: `EXPLAIN (VERBOSE, COSTS off, FORMAT json) ${query.sql}`,
      values: query.params(subject),
    });
    const plan = rows[0]?.['QUERY PLAN'][0].Plan;
    if (plan === undefined) throw new Error(`There is no plan of ${query.name}.`);
    return plan;
  });
}

function nodesOf(node: VerboseNode): VerboseNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

describe('The plan of a frequent statement under the policies', () => {
  it.each(QUERIES.map((query) => [query.name, query] as const))(
    'reaches every table by an index that begins with the tenant: %s',
    async (_name, query) => {
      const accesses = accessesOf([await planOf(query)]);
      for (const { table, condition } of accesses)
        expect(condition).toMatch(table === 'tenants' ? /\bid = / : /\btenant_id = /);
    },
  );

  it.each(IN_INDEX_ORDER.map((query) => [query.name, query] as const))(
    'reads its rows in the order of the index: %s',
    async (_name, query) => {
      const nodes = nodesOf(await planOf(query)).map((node) => node['Node Type']);
      expect(nodes).toContain('Index Scan');
      expect(nodes).not.toContain('Sort');
    },
  );

  it.each(QUERIES.map((query) => [query.name, query] as const))(
    'reads the permissions once, before the first row: %s',
    async (name, query) => {
      const nodes = nodesOf(await planOf(query));
      const asks = (expressions: (string | undefined)[]): boolean =>
        expressions.some((text) => /user_permissions|has_permission/.test(text ?? ''));
      const perRow = nodes.filter((node) =>
        asks([node.Filter, node['Index Cond'], node['Recheck Cond']]),
      );
      expect(perRow).toEqual([]);
      const once = nodes.filter(
        (node) => node['Parent Relationship'] === 'InitPlan' && asks(node.Output ?? []),
      );
      expect(once.length > 0).toBe(BY_PERMISSION.includes(name));
    },
  );
});
