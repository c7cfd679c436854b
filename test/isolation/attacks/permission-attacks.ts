import { type Permission, PERMISSIONS } from '@poc-tracker/contracts';
import type pg from 'pg';
import {
  type Command,
  type Need,
  type PermissionMatrix,
  SERVICE_PERMISSIONS,
  TRACKER_PERMISSIONS,
} from './permission-matrix.js';
import type { IsolationReport } from '../report.js';
import {
  type Answer,
  ask,
  connected,
  describe,
  enter,
  isRefused,
  rolledBack,
} from '../sessions.js';
import { insertion, readable, writable } from './table-attacks.js';
import type { TenantTable } from '../tenant-tables.js';
import { newRow, OWN_ONLY, type World } from '../world.js';

const COMMANDS: readonly Command[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** A row that exists already was not refused, and neither was one that others refer to. */
const REACHED = ['23505', '23503'];

/**
 * Every command on every tenant table, by a user of the tenant itself with the role admin: with each permission missing,
 * with the needed one alone, and with none.
 */
export async function attackPermissions(world: World, report: IsolationReport): Promise<void> {
  const matrix = world.login === 'tracker' ? TRACKER_PERMISSIONS : SERVICE_PERMISSIONS;
  for (const problem of incompleteness(matrix, world.tables))
    report.recordFinding({ id: 'rights', attempt: 'the matrix', result: problem, passed: false });
  const { attacker, admin } = world;
  const owner = attacker.rows['users']?.['id'];
  await admin.query('UPDATE poc_files SET created_by = $1 WHERE tenant_id = $2', [
    owner,
    attacker.id,
  ]);
  // Without rights, because deleting a user takes theirs. Active, so that colleagues are attacked.
  await admin.query(`UPDATE users SET role = 'viewer' WHERE id = $1`, [owner]);
  try {
    await connected(world.database.serviceUrl, async (client) => {
      for (const table of world.tables) {
        for (const command of COMMANDS) {
          const need = matrix[table.name]?.[command];
          if (need !== undefined) await attack({ client, world, table, command, need }, report);
        }
      }
    });
  } finally {
    await admin.query(`UPDATE users SET role = 'manager' WHERE id = $1`, [owner]);
  }
}

interface Attempt {
  client: pg.Client;
  world: World;
  table: TenantTable;
  command: Command;
  need: Need;
}

async function attack(attempt: Attempt, report: IsolationReport): Promise<void> {
  const { world, table, command, need } = attempt;
  const enough = sufficientFor(need);
  const neededBy = [need].flat().join(' or ');
  const faults: string[] = [];
  const expectReached = async (what: string, permissions: readonly Permission[]) => {
    const answer = await run(attempt, permissions);
    if (!isReached(answer)) faults.push(`${what} gets ${describe(answer)}`);
  };
  const expectKeptOut = async (what: string, permissions: readonly Permission[]) => {
    const answer = await run(attempt, permissions);
    if (!isKeptOut(answer)) faults.push(`${what} gets ${describe(answer)}`);
  };
  if (need === 'none') await expectKeptOut('a user with every permission', PERMISSIONS);
  else {
    if (need === 'member') await expectReached('a user of the tenant', []);
    for (const permission of enough) await expectReached(`${permission} alone`, [permission]);
    for (const missing of PERMISSIONS.filter((permission) => enough.join() !== permission))
      await expectReached(`a user without ${missing}`, without([missing]));
  }
  if (enough.length > 0) {
    await expectKeptOut(`a user without ${neededBy}`, without(enough));
    await expectKeptOut('a user without permissions', []);
  }
  report.recordPermission({
    table: world.login === undefined ? table.name : `${table.name} (${world.login})`,
    command,
    need: neededBy,
    faults,
  });
}

async function run(
  { client, world, table, command }: Attempt,
  permissions: readonly Permission[],
): Promise<Answer> {
  const { attacker } = world;
  const of = `WHERE ${table.tenantColumn} = $1`;
  const statements: Record<Command, () => { sql: string; params: unknown[] }> = {
    SELECT: () => ({
      sql: `SELECT ${readable(table)} FROM ${table.name} ${ofAnother(table, of)}`,
      params: [attacker.id],
    }),
    INSERT: () => insertion(table, newRow(table, attacker)),
    UPDATE: () => ({
      sql: `UPDATE ${table.name} SET ${writable(table)} = ${writable(table)} ${ofAnother(table, of)}`,
      params: [attacker.id],
    }),
    DELETE: () => ({
      sql: `DELETE FROM ${table.name} ${ofAnother(table, of)}`,
      params: [attacker.id],
    }),
  };
  return rolledBack(client, null, async () => {
    await enter(client, attacker, 'admin', permissions);
    const { sql, params } = statements[command]();
    return ask(client, sql, params);
  });
}

/** Without the user's own rows, which they may read and update whatever they hold. */
function ofAnother({ name }: TenantTable, condition: string): string {
  if (name !== 'users' && !OWN_ONLY.has(name)) return condition;
  const owner = name === 'users' ? 'id' : 'user_id';
  return `${condition} AND ${owner} <> nullif(current_setting('app.current_user_id', true), '')::uuid`;
}

function isReached(answer: Answer): boolean {
  return 'rows' in answer ? answer.rows > 0 : REACHED.includes(answer.sqlState);
}

function isKeptOut(answer: Answer): boolean {
  return 'rows' in answer ? answer.rows === 0 : isRefused(answer);
}

/** The permissions of which one is enough. */
function sufficientFor(need: Need): readonly Permission[] {
  if (need === 'member' || need === 'none') return [];
  return typeof need === 'string' ? [need] : need;
}

function without(missing: readonly Permission[]): Permission[] {
  return PERMISSIONS.filter((permission) => !missing.includes(permission));
}

/** Commands that the login is granted and the matrix does not name, and the reverse. */
function incompleteness(matrix: PermissionMatrix, tables: readonly TenantTable[]): string[] {
  return tables.flatMap((table) =>
    COMMANDS.filter(
      (command) => isGranted(table, command) !== (matrix[table.name]?.[command] !== undefined),
    ).map((command) =>
      isGranted(table, command)
        ? `says nothing of ${table.name} ${command}`
        : `names ${table.name} ${command}, which is not granted`,
    ),
  );
}

function isGranted({ columns, deletable }: TenantTable, command: Command): boolean {
  switch (command) {
    case 'SELECT':
      return columns.some(({ selectable }) => selectable);
    case 'INSERT':
      return columns.some(({ insertable }) => insertable);
    case 'UPDATE':
      return columns.some(({ updatable }) => updatable);
    case 'DELETE':
      return deletable;
  }
}
