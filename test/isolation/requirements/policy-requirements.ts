import pg from 'pg';
import { visibleRows } from './login-requirements.js';
import type { Requirement } from './requirement.js';
import {
  type Answer,
  ask,
  connected,
  describe,
  enter,
  isRefused,
  REFUSED,
  rolledBack,
} from '../sessions.js';
import { insertion } from '../attacks/table-attacks.js';
import type { TenantTable } from '../tenant-tables.js';
import { newRow, type World } from '../world.js';

/** By the foreign key, or by a policy before it. */
const REFUSALS = ['23503', REFUSED];

/** Attacks that a policy, a constraint or a trigger must refuse. */
export const policyRequirements: Requirement[] = [
  {
    id: 'R8',
    attempt: 'a permissive policy USING (true) is added to every table',
    run: async (world) =>
      rolledBack(world.admin, null, async () => {
        for (const table of world.tables) {
          await world.admin.query(
            `CREATE POLICY careless ON ${table.name} TO authenticated_user USING (true) WITH CHECK (true)`,
          );
        }
        await world.admin.query(`SET LOCAL SESSION AUTHORIZATION ${serviceLogin(world)}`);
        await enter(world.admin, world.attacker);
        const rows = await visibleRows(world.admin, world, world.victim);
        return { passed: rows === 0, result: `${rows} rows of the other tenant` };
      }),
  },
  {
    id: 'R9',
    attempt:
      "rows are planted in, moved into and merged into another tenant, as every role of one's own",
    run: (world) =>
      connected(world.database.serviceUrl, async (client) => {
        const answers: Answer[] = [];
        for (const role of ['viewer', 'user', 'manager', 'admin']) {
          for (const table of world.tables) {
            for (const { sql, params } of plantings(table, world)) {
              answers.push(
                await rolledBack(client, null, async () => {
                  await enter(client, world.attacker, role);
                  return ask(client, sql, params);
                }),
              );
            }
          }
        }
        const refused = answers.filter(
          (answer) => isRefused(answer) || ('rows' in answer && answer.rows === 0),
        ).length;
        const planted = answers.find(
          (answer) => !isRefused(answer) && !('rows' in answer && answer.rows === 0),
        );
        return {
          passed: planted === undefined,
          result: `${refused} of ${answers.length} without effect${planted === undefined ? '' : `, one: ${describe(planted)}`}`,
        };
      }),
  },
  {
    id: 'R10',
    attempt: 'who besides the owner holds TRUNCATE on a tenant table',
    run: async ({ admin, tables }) => {
      const { rows } = await admin.query<{ grantee: string }>(
        `SELECT DISTINCT g.grantee::regrole::text AS grantee
           FROM pg_class c, aclexplode(c.relacl) g
          WHERE c.oid = ANY ($1::regclass[]) AND g.privilege_type = 'TRUNCATE' AND g.grantee <> c.relowner`,
        [tables.map((table) => table.name)],
      );
      return {
        passed: rows.length === 0,
        result: rows.map((row) => row.grantee).join(', ') || 'none',
      };
    },
  },
  {
    id: 'R13',
    attempt: 'an email address that another tenant uses is used in this tenant too',
    run: ({ database, tables, attacker, victim }) =>
      connected(database.serviceUrl, (client) =>
        rolledBack(client, attacker, async () => {
          const users = tables.find((table) => table.name === 'users');
          if (users === undefined) throw new Error('There is no table users.');
          const row = { ...newRow(users, attacker), email: victim.rows['users']?.['email'] };
          const { sql, params } = insertion(users, row);
          const answer = await ask(client, sql, params);
          return {
            passed: 'rows' in answer && answer.rows === 1,
            result: `${describe(answer)}: free, so nothing is told`,
          };
        }),
      ),
  },
  {
    id: 'R14',
    attempt:
      "rows that point at another tenant's rows, through every foreign key, beside ones that point at nothing",
    run: (world) =>
      connected(world.database.serviceUrl, async (client) => {
        const different: string[] = [];
        let pointers = 0;
        for (const { name, point } of foreignPointers(world)) {
          pointers += 1;
          const states = [];
          for (const target of [world.victim, undefined]) {
            const answer = await rolledBack(client, world.attacker, async () => {
              await client.query('SET CONSTRAINTS ALL IMMEDIATE');
              return ask(client, point(target).sql, point(target).params);
            });
            states.push('sqlState' in answer ? answer.sqlState : 'accepted');
          }
          const alike = states[0] === states[1] && REFUSALS.includes(states[0] ?? '');
          if (!alike) different.push(`${name} ${states.join(' and ')}`);
        }
        return {
          passed: different.length === 0 && pointers > 0,
          result: different.join('; ') || `all ${pointers} refused alike`,
        };
      }),
  },
  {
    id: 'R21',
    attempt: "a division by zero that only another tenant's row would bring about",
    run: (world) =>
      connected(world.database.serviceUrl, (client) =>
        rolledBack(client, world.attacker, async () => {
          const answers = [];
          for (const table of world.tables) {
            const oracle = `1 / CASE WHEN ${table.tenantColumn} = $1 THEN 0 ELSE 1 END = 1`;
            answers.push(
              await ask(client, `SELECT FROM ${table.name} WHERE ${oracle}`, [world.victim.id]),
            );
          }
          const silent = answers.filter((answer) => 'rows' in answer || isRefused(answer)).length;
          return {
            passed: silent === answers.length,
            result: `silent on ${silent} of ${answers.length} tables`,
          };
        }),
      ),
  },
  {
    id: 'R23',
    attempt:
      "a prepared statement with a generic plan goes from one tenant's transaction into another's",
    run: ({ database, attacker, victim }) =>
      connected(database.serviceUrl, async (client) => {
        await client.query('SET plan_cache_mode = force_generic_plan');
        await client.query('PREPARE user_list AS SELECT tenant_id FROM users');
        const seen = [];
        for (const tenant of [victim, attacker, null]) {
          const answer = await rolledBack(client, tenant, () => ask(client, 'EXECUTE user_list'));
          seen.push(
            'rows' in answer && answer.values.every((row) => row['tenant_id'] === tenant?.id)
              ? answer.rows
              : NaN,
          );
        }
        return { passed: seen.join() === '2,2,0', result: `${seen.join(', ')} rows, each its own` };
      }),
  },
  {
    id: 'R27',
    attempt: 'the operators delete one tenant, and everything that hangs on it',
    run: (world) =>
      connected(world.database.platformUrl, (operator) =>
        rolledBack(operator, null, async () => {
          const before = await countByTable(operator, world);
          // The row goes at the end of a purge alone, which a canceled tenant alone can be in.
          await operator.query(`UPDATE tenants SET status = 'canceled' WHERE id = $1`, [
            world.attacker.id,
          ]);
          await operator.query(`SELECT begin_purge($1, NULL, 'an attack')`, [world.attacker.id]);
          await operator.query('DELETE FROM tenants WHERE id = $1', [world.attacker.id]);
          const changed = (await countByTable(operator, world)).filter(
            (count) => !before.includes(count),
          );
          const left = await ask(operator, 'SELECT FROM users WHERE tenant_id = $1', [
            world.attacker.id,
          ]);
          return {
            passed: changed.length === 0 && 'rows' in left && left.rows === 0,
            result: `of the other tenant ${changed.join(', ') || 'nothing'} changed`,
          };
        }),
      ),
  },
];

/** The victim's rows, as `table: number`; the sum alone would hide a deletion behind the audit rows that it makes. */
async function countByTable(client: pg.Client, world: World): Promise<string[]> {
  const counts: string[] = [];
  for (const table of world.tables) {
    counts.push(
      `${table.name}: ${await visibleRows(client, { ...world, tables: [table] }, world.victim)}`,
    );
  }
  return counts;
}

function serviceLogin({ database }: World): string {
  return pg.escapeIdentifier(new URL(database.serviceUrl).username);
}

/** INSERT, UPDATE of the tenant and MERGE, each of which would put a row into the victim's tenant. */
function plantings(
  table: TenantTable,
  { attacker, victim }: World,
): { sql: string; params: unknown[] }[] {
  const planted = insertion(table, newRow(table, victim));
  const [key = table.tenantColumn] = table.key.filter((column) => column !== table.tenantColumn);
  const names = Object.keys(newRow(table, victim)).map(pg.escapeIdentifier);
  return [
    planted,
    { ...planted, sql: `${planted.sql} ON CONFLICT DO NOTHING` },
    {
      sql: `UPDATE ${table.name} SET ${table.tenantColumn} = $1 WHERE ${table.tenantColumn} = $2`,
      params: [victim.id, attacker.id],
    },
    {
      sql: `MERGE INTO ${table.name} t USING (VALUES (1)) v (one) ON t.${pg.escapeIdentifier(key)} IS NULL
            WHEN NOT MATCHED THEN INSERT (${names.join(', ')}) VALUES (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
      params: planted.params,
    },
  ];
}

/** Every foreign key between tenant tables that the service can write, pointed at a row of `target`, or at no row. */
function foreignPointers(world: World): {
  name: string;
  point(target: World['victim'] | undefined): { sql: string; params: unknown[] };
}[] {
  return world.tables.flatMap((table) =>
    table.foreignKeys
      .filter(({ columns }) => columns.some((column) => column !== table.tenantColumn))
      .filter(({ columns }) =>
        columns.every((name) =>
          table.columns.some((column) => column.name === name && column.insertable),
        ),
      )
      .map(({ name, parent, columns, parentColumns }) => ({
        name,
        point: (target) => {
          const row = newRow(table, world.attacker);
          columns.forEach((column, index) => {
            if (column === table.tenantColumn) return;
            row[column] =
              target?.rows[parent]?.[parentColumns[index] ?? ''] ??
              '00000000-0000-7000-8000-000000000000';
          });
          return insertion(table, row);
        },
      })),
  );
}
