import pg from 'pg';
import type { Tenant } from './world.js';

/** Number of rows, or the SQLSTATE that the statement was refused with. */
export type Answer =
  { rows: number; values: Record<string, unknown>[] } | { sqlState: string; message: string };

/** Runs `work` on a connection of its own, so that no setting of an earlier attack is left on it. */
export async function connected<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A transaction that is always rolled back, in the tenant's context when one is given. */
export async function rolledBack<T>(
  client: pg.Client,
  tenant: Tenant | null,
  work: () => Promise<T>,
): Promise<T> {
  await client.query('BEGIN');
  try {
    if (tenant !== null) await enter(client, tenant);
    return await work();
  } finally {
    await client.query('ROLLBACK');
  }
}

/** Sets the context of a transaction. `permissions` are by default those of the role. */
export async function enter(
  client: pg.Client,
  tenant: Tenant,
  role = 'admin',
  permissions: readonly string[] | null = null,
): Promise<void> {
  const context = [tenant.id, tenant.userId, role, permissions];
  await client.query('SELECT set_user_context($1, $2, $3, $4)', context);
}

/** Runs a statement inside a transaction and takes a refusal for an answer. */
export async function ask(client: pg.Client, sql: string, params: unknown[] = []): Promise<Answer> {
  await client.query('SAVEPOINT before_attack');
  try {
    const result = await client.query<Record<string, unknown>>(sql, params);
    return { rows: result.rowCount ?? 0, values: result.rows };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code === undefined) throw error;
    await client.query('ROLLBACK TO SAVEPOINT before_attack');
    return { sqlState: error.code, message: error.message };
  }
}

/** SQLSTATE 42501: a privilege is missing, or a policy refuses the row. */
export const REFUSED = '42501';

export function isRefused(answer: Answer): boolean {
  return 'sqlState' in answer && answer.sqlState === REFUSED;
}

export function describe(answer: Answer): string {
  if ('sqlState' in answer)
    return answer.sqlState === REFUSED ? 'refused' : `${answer.sqlState} ${answer.message}`;
  return answer.rows === 1 ? '1 row' : `${answer.rows} rows`;
}
