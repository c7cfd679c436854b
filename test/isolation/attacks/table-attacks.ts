import pg from 'pg';
import { type Asker, ASKERS, type IsolationReport, type Outcome } from '../report.js';
import { type Answer, ask, connected, describe, enter, REFUSED, rolledBack } from '../sessions.js';
import type { TenantTable } from '../tenant-tables.js';
import { newRow, type Row, type World } from '../world.js';

interface Statement {
  sql: string;
  params?: unknown[];
  /** True of a statement that does its harm without counting rows. */
  uncounted?: boolean;
  /** SQLSTATEs, besides 42501, that refuse the statement before it reads or writes a row. */
  refusals?: string[];
  /** SQLSTATEs that tell that the statement has reached the row. */
  reached?: string[];
}

interface Operation {
  name: string;
  /** Whether the grants let the service do this inside its own tenant. */
  granted(table: TenantTable): boolean;
  /** What the attack does to the victim's rows. */
  statement(table: TenantTable, world: World): Statement;
}

const NOT_SUPPORTED = '0A000';
const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';

const inserts = (table: TenantTable): boolean => table.columns.some((column) => column.insertable);
const reads = (table: TenantTable): boolean => table.columns.some((column) => column.selectable);
/** `SET c = c` reads what it writes. */
const writes = (table: TenantTable): boolean =>
  table.columns.some((column) => column.selectable && column.updatable);

const OPERATIONS: Operation[] = [
  {
    name: 'SELECT',
    granted: reads,
    statement: (table, { victim }) => ({
      sql: `SELECT ${readable(table)} FROM ${table.name} WHERE ${table.tenantColumn} = $1`,
      params: [victim.id],
    }),
  },
  {
    name: 'INSERT',
    granted: inserts,
    statement: (table, { victim }) => insertion(table, newRow(table, victim)),
  },
  {
    name: 'UPDATE',
    granted: writes,
    statement: (table, { victim }) => ({
      sql: `UPDATE ${table.name} SET ${writable(table)} = ${writable(table)} WHERE ${table.tenantColumn} = $1`,
      params: [victim.id],
    }),
  },
  {
    name: 'DELETE',
    granted: (table) => table.deletable,
    statement: (table, { victim }) => ({
      sql: `DELETE FROM ${table.name} WHERE ${table.tenantColumn} = $1`,
      params: [victim.id],
      // A role that users hold.
      reached: [FOREIGN_KEY_VIOLATION],
    }),
  },
  {
    name: 'UPSERT',
    granted: (table) => inserts(table) && writes(table),
    statement: (table, { victim }) => {
      const existing = keyed(table, victim.rows[table.name] ?? {}, newRow(table, victim));
      const insert = insertion(table, existing);
      const column = writable(table);
      const action = `DO UPDATE SET ${column} = excluded.${column}`;
      return { ...insert, sql: `${insert.sql} ON CONFLICT (${table.key.join(', ')}) ${action}` };
    },
  },
  {
    name: 'COPY TO',
    granted: reads,
    statement: (table, { victim }) => ({
      sql: `COPY (SELECT ${readable(table)} FROM ${table.name}
                   WHERE ${table.tenantColumn} = ${pg.escapeLiteral(victim.id)}) TO STDOUT`,
    }),
  },
  {
    name: 'COPY FROM',
    // PostgreSQL takes no COPY FROM into a table under row-level security, from any role.
    granted: () => false,
    statement: (table) => ({ sql: `COPY ${table.name} FROM STDIN`, refusals: [NOT_SUPPORTED] }),
  },
  {
    name: 'TRUNCATE',
    granted: () => false,
    statement: (table) => ({ sql: `TRUNCATE ${table.name} CASCADE`, uncounted: true }),
  },
];

/** Every operation on every tenant table of the catalogue, aimed at the victim's rows by each asker. */
export async function attackTables(world: World, report: IsolationReport): Promise<void> {
  for (const table of world.tables) {
    for (const asker of ASKERS) {
      await connected(world.database.serviceUrl, async (client) => {
        if (asker === 'spent transaction') await spendTransaction(client, world);
        for (const operation of OPERATIONS) {
          const outcome = await attack(client, world, { table, operation, asker });
          const name = world.login === undefined ? table.name : `${table.name} (${world.login})`;
          report.recordStatement(name, operation.name, asker, outcome);
        }
      });
    }
  }
}

/** The victim's own transaction ran on this connection before, as it does in a pool. */
async function spendTransaction(client: pg.Client, { victim }: World): Promise<void> {
  await client.query('BEGIN');
  await enter(client, victim);
  await client.query('COMMIT');
}

interface Attempt {
  table: TenantTable;
  operation: Operation;
  asker: Asker;
}

async function attack(client: pg.Client, world: World, attempt: Attempt): Promise<Outcome> {
  const { table, operation, asker } = attempt;
  const context =
    { 'right tenant': world.victim, 'wrong tenant': world.attacker }[asker as string] ?? null;
  return rolledBack(client, context, async () => {
    const statement = operation.statement(table, world);
    const answer = await ask(client, statement.sql, statement.params);
    const fault =
      asker === 'right tenant'
        ? missingAccess(attempt, statement, answer)
        : leak(statement, answer);
    return { text: summary(statement, answer), ...(fault === undefined ? {} : { fault }) };
  });
}

function summary(statement: Statement, answer: Answer): string {
  const { refusals = [], reached = [], uncounted = false } = statement;
  if ('rows' in answer) return uncounted ? 'permitted' : describe(answer);
  if (answer.sqlState === UNIQUE_VIOLATION) return 'permitted, exists';
  if (reached.includes(answer.sqlState)) return 'permitted, in use';
  return refusals.includes(answer.sqlState) ? 'refused' : describe(answer);
}

/** Anything but no rows or a plain refusal: an odd error means that the attack was not really carried out. */
function leak({ refusals = [], uncounted = false }: Statement, answer: Answer): string | undefined {
  if ('rows' in answer) {
    if (uncounted) return 'was permitted';
    return answer.rows === 0 ? undefined : `reached ${describe(answer)}`;
  }
  const refused = [REFUSED, ...refusals].includes(answer.sqlState);
  return refused ? undefined : `neither no rows nor a refusal, but ${describe(answer)}`;
}

/** In its own tenant, the service must have the access that it was granted. Otherwise the refusals would prove nothing. */
function missingAccess(
  { table, operation }: Attempt,
  statement: Statement,
  answer: Answer,
): string | undefined {
  if (!operation.granted(table)) return leak(statement, answer);
  const permitted =
    'rows' in answer
      ? answer.rows > 0
      : [UNIQUE_VIOLATION, ...(statement.reached ?? [])].includes(answer.sqlState);
  return permitted ? undefined : `the tenant itself gets ${describe(answer)}`;
}

export function readable(table: TenantTable): string {
  const columns = table.columns.filter((column) => column.selectable);
  return columns.length === 0
    ? '*'
    : columns.map((column) => pg.escapeIdentifier(column.name)).join(', ');
}

export function writable(table: TenantTable): string {
  const column =
    table.columns.find(({ selectable, updatable }) => selectable && updatable) ?? table.columns[0];
  return pg.escapeIdentifier(column?.name ?? '');
}

/** The new row with the key of an existing one. */
function keyed(table: TenantTable, existing: Row, row: Row): Row {
  return { ...row, ...Object.fromEntries(table.key.map((column) => [column, existing[column]])) };
}

export function insertion(table: TenantTable, row: Row): { sql: string; params: unknown[] } {
  const columns = Object.keys(row);
  return {
    sql: `INSERT INTO ${table.name} (${columns.map(pg.escapeIdentifier).join(', ')})
          VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
    params: Object.values(row),
  };
}
