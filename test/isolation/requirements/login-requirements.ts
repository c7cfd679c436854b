import type pg from 'pg';
import { IsolationProofError, type ProvenLogin, proveIsolation } from '@poc-tracker/tenancy';
import type { Requirement } from './requirement.js';
import { ask, connected, describe, enter, isRefused, REFUSED, rolledBack } from '../sessions.js';
import type { Tenant, World } from '../world.js';

/** Rows that a login sees over all tenant tables, of one tenant or of any. */
export async function visibleRows(
  client: pg.Client,
  { tables }: World,
  of?: Tenant,
): Promise<number> {
  let total = 0;
  for (const table of tables) {
    const { rows: grants } = await client.query<{ readable: boolean }>(
      `SELECT has_any_column_privilege($1, 'SELECT') AS readable`,
      [table.name],
    );
    // A table that the login may not read at all shows it nothing; asking would only end the transaction.
    if (grants[0]?.readable !== true) continue;
    const where = of === undefined ? '' : ` WHERE ${table.tenantColumn} = '${of.id}'`;
    const { rows } = await client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM ${table.name}${where}`,
    );
    total += rows[0]?.n ?? 0;
  }
  return total;
}

async function currentTenantSetting(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ tenant: string | null }>(
    `SELECT current_setting('app.current_tenant_id', true) AS tenant`,
  );
  return rows[0]?.tenant ?? '';
}

async function proof(url: string, login: ProvenLogin): Promise<string[]> {
  return connected(url, async (client) => {
    try {
      const query = async (sql: string, params?: unknown[]): Promise<Record<string, unknown>[]> =>
        (await client.query<Record<string, unknown>>(sql, params)).rows;
      await proveIsolation(query, { login });
      return [];
    } catch (error) {
      if (error instanceof IsolationProofError) return [...error.faults];
      throw error;
    }
  });
}

/** Attacks through the rights of a login and the context that a connection keeps. */
export const loginRequirements: Requirement[] = [
  {
    id: 'R1',
    attempt: "the owner of the tables reads them all, without a context and in a tenant's",
    run: ({ database, ...world }) =>
      connected(database.migrationUrl, async (owner) => {
        const without = await visibleRows(owner, { database, ...world });
        await owner.query('BEGIN');
        await enter(owner, world.victim);
        const inside = await visibleRows(owner, { database, ...world });
        return { passed: without + inside === 0, result: `${without} and ${inside} rows` };
      }),
  },
  {
    id: 'R2',
    attempt:
      'the service turns itself into the owner, the operators, the gatekeeper and the superuser',
    run: ({ database }) =>
      connected(database.serviceUrl, async (client) => {
        await client.query('BEGIN');
        const owner = new URL(database.migrationUrl).username;
        const superuser = new URL(database.adminUrl).username;
        const roles = [owner, 'super_admin', 'tenant_gatekeeper', superuser];
        const statements = [
          ...roles.map((role) => `SET ROLE ${role}`),
          `SET SESSION AUTHORIZATION ${superuser}`,
        ];
        const refused = [];
        for (const sql of statements) refused.push(isRefused(await ask(client, sql)));
        const { rows } = await client.query<{ exempt: boolean }>(
          'SELECT rolsuper OR rolbypassrls AS exempt FROM pg_roles WHERE rolname = session_user',
        );
        const passed = refused.every(Boolean) && rows[0]?.exempt === false;
        return {
          passed,
          result: `${refused.filter(Boolean).length} of ${refused.length} refused, exempt from policies: ${String(rows[0]?.exempt)}`,
        };
      }),
  },
  {
    id: 'R3',
    attempt: 'a read without a context, on a connection that has carried one',
    run: (world) =>
      connected(world.database.serviceUrl, async (client) => {
        await rolledBack(client, world.victim, () => visibleRows(client, world));
        const rows = await visibleRows(client, world);
        return { passed: rows === 0, result: `${rows} rows, no error` };
      }),
  },
  {
    id: 'R4',
    attempt: 'the context is read back after COMMIT and after ROLLBACK',
    run: ({ database, victim }) =>
      connected(database.serviceUrl, async (client) => {
        const left: string[] = [];
        for (const end of ['COMMIT', 'ROLLBACK']) {
          await client.query('BEGIN');
          await enter(client, victim);
          await client.query(end);
          left.push(await currentTenantSetting(client));
        }
        return { passed: left.every((value) => value === ''), result: `'${left.join("' and '")}'` };
      }),
  },
  {
    id: 'R5',
    attempt: 'the context is set outside of a transaction, then rows are read',
    run: (world) =>
      connected(world.database.serviceUrl, async (client) => {
        await enter(client, world.victim);
        const rows = await visibleRows(client, world);
        return { passed: rows === 0, result: `${rows} rows` };
      }),
  },
  {
    id: 'R6',
    // A known limit of row-level security: a client that runs SQL as the service can name any tenant. Two protections
    // remain: the code sends parameters only, and even such a client cannot read hashes or change grants or the audit log.
    attempt:
      'hostile SQL names another tenant as its own, then goes for hashes, tables and the audit log',
    run: (world) =>
      connected(world.database.serviceUrl, (client) =>
        rolledBack(client, world.victim, async () => {
          const rows = await visibleRows(client, world, world.victim);
          const beyond = [
            'SELECT password_hash FROM users',
            'SELECT token_hash FROM invites',
            'DELETE FROM audit_log',
            'UPDATE audit_log SET user_id = NULL',
            'TRUNCATE users CASCADE',
            'ALTER TABLE users DISABLE ROW LEVEL SECURITY',
          ];
          const answers = [];
          for (const sql of beyond) answers.push(await ask(client, sql));
          const refused = answers.filter(isRefused).length;
          return {
            passed: refused === beyond.length,
            result: `${rows} rows, a known limit (parameters keep hostile SQL out); the rest ${refused} of ${beyond.length} refused`,
          };
        }),
      ),
  },
  {
    id: 'R7',
    attempt: "the service claims the role 'super_admin' in its settings, with and without a tenant",
    run: (world) =>
      connected(world.database.serviceUrl, async (client) => {
        const inside = await rolledBack(client, null, async () => {
          await enter(client, world.attacker, 'super_admin');
          return visibleRows(client, world, world.victim);
        });
        const outside = await rolledBack(client, null, async () => {
          await client.query(`SELECT set_config('app.user_role', 'super_admin', true)`);
          return visibleRows(client, world);
        });
        return { passed: inside + outside === 0, result: `${inside} and ${outside} rows` };
      }),
  },
  {
    id: 'R11',
    attempt: 'the start-up proof, as the service, as the tracker and as the operators',
    run: async ({ database }) => {
      const faults = [
        ...(await proof(database.serviceUrl, 'service')),
        ...(await proof(database.trackerUrl, 'tracker')),
        ...(await proof(database.platformUrl, 'platform')),
      ];
      return { passed: faults.length === 0, result: faults.join('; ') || 'nothing at fault' };
    },
  },
  {
    id: 'R12',
    attempt:
      'the service creates a schema, a function in public and a temporary table to stand before the real ones',
    run: ({ database, victim }) =>
      connected(database.serviceUrl, (client) =>
        rolledBack(client, victim, async () => {
          const statements = [
            'CREATE SCHEMA mine',
            'CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT $1 $$',
            'CREATE TEMPORARY TABLE users (id uuid)',
          ];
          const answers = [];
          for (const sql of statements) answers.push(await ask(client, sql));
          return { passed: answers.every(isRefused), result: answers.map(describe).join(', ') };
        }),
      ),
  },
  {
    id: 'R17',
    attempt: 'the service reads every table with row_security off',
    run: ({ database, tables, victim }) =>
      connected(database.serviceUrl, (client) => refusedWithoutRowSecurity(client, tables, victim)),
  },
  {
    id: 'R18',
    attempt: 'the owner dumps every table as pg_dump does, with row_security off',
    run: ({ database, tables }) =>
      connected(database.migrationUrl, async (client) => {
        const result = await refusedWithoutRowSecurity(client, tables, null);
        return { ...result, result: `${result.result}: a dump fails instead of being empty` };
      }),
  },
  {
    id: 'R22',
    attempt: "the service reads the planner's statistics of the tenant tables",
    run: ({ database, tables }) =>
      connected(database.serviceUrl, async (client) => {
        const { rowCount } = await client.query('SELECT FROM pg_stats WHERE tablename = ANY ($1)', [
          tables.map((table) => table.name),
        ]);
        return { passed: rowCount === 0, result: `${String(rowCount)} rows` };
      }),
  },
  {
    id: 'R25',
    attempt: 'a transaction fails half-way, is rolled back, and its connection is used again',
    run: (world) =>
      connected(world.database.serviceUrl, async (client) => {
        await client.query('BEGIN');
        await enter(client, world.victim);
        await client.query('SELECT 1 / 0').catch(() => undefined);
        await client.query('ROLLBACK');
        const rows = await visibleRows(client, world);
        return {
          passed: rows === 0 && (await currentTenantSetting(client)) === '',
          result: `${rows} rows, no context`,
        };
      }),
  },
  {
    id: 'R26',
    attempt: 'rows are left behind on the connection in a temporary table',
    run: ({ database, victim }) =>
      connected(database.serviceUrl, (client) =>
        rolledBack(client, victim, async () => {
          const answer = await ask(client, 'CREATE TEMPORARY TABLE kept AS SELECT id FROM users');
          return { passed: isRefused(answer), result: describe(answer) };
        }),
      ),
  },
];

/** With row_security off PostgreSQL refuses instead of filtering: a role that gets an answer is exempt from the policies. */
async function refusedWithoutRowSecurity(
  client: pg.Client,
  tables: World['tables'],
  tenant: Tenant | null,
): Promise<{ passed: boolean; result: string }> {
  return rolledBack(client, tenant, async () => {
    await client.query('SET LOCAL row_security = off');
    const answers = [];
    for (const table of tables)
      answers.push(await ask(client, `SELECT ${table.tenantColumn} FROM ${table.name}`));
    const refused = answers.filter(
      (answer) => 'sqlState' in answer && answer.sqlState === REFUSED,
    ).length;
    return {
      passed: refused === tables.length,
      result: `${refused} of ${tables.length} tables refused`,
    };
  });
}
