import type { TenantDatabase } from './tenant-database.js';
import type { SqlRunner } from './transaction/sql-runner.js';

/** Above the error of one measurement, which is half of a round trip, and far below the 60 s that access tokens tolerate. */
const MAX_DIFFERENCE_MS = 5_000;

/** The time of PostgreSQL, for everything that is compared with a time of another process. */
export async function databaseTime(runner: Pick<SqlRunner, 'query'>): Promise<Date> {
  const [row] = await runner.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  if (row === undefined) throw new Error('PostgreSQL did not return the time.');
  return row.now;
}

/**
 * Compares the clock of this process with PostgreSQL's. Sessions end by the clock of PostgreSQL, but access tokens are
 * verified by that of each process: one that is wrong refuses the tokens of others, or accepts them for too long.
 * @throws Error with the difference if it is more than five seconds.
 */
export async function assertClockAgrees(database: Pick<TenantDatabase, 'lookup'>): Promise<void> {
  const before = Date.now();
  const time = await databaseTime({ query: (sql, params = []) => database.lookup(sql, params) });
  const middle = (before + Date.now()) / 2;
  const ahead = middle - time.getTime();
  if (Math.abs(ahead) <= MAX_DIFFERENCE_MS) return;
  const seconds = Math.round(Math.abs(ahead) / 1_000);
  throw new Error(
    `The clock of this process is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} that of PostgreSQL. Synchronize both ` +
      'hosts: with a larger difference, instances refuse the access tokens of each other.',
  );
}
