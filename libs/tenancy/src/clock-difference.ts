import type { TenantDatabase } from './tenant-database.js';

/** Above the error of one measurement, which is half of a round trip, and far below the 60 s that access tokens tolerate. */
const MAX_DIFFERENCE_MS = 5_000;

/**
 * Compares the clock of this process with PostgreSQL's. Sessions end by the clock of PostgreSQL, but access tokens are
 * verified by that of each process: one that is wrong refuses the tokens of others, or accepts them for too long.
 * @throws Error with the difference if it is more than five seconds.
 */
export async function assertClockAgrees(database: Pick<TenantDatabase, 'lookup'>): Promise<void> {
  const before = Date.now();
  const [row] = await database.lookup<{ now: Date }>('SELECT clock_timestamp() AS now', []);
  const middle = (before + Date.now()) / 2;
  if (row === undefined) throw new Error('PostgreSQL did not return the time.');
  const ahead = middle - row.now.getTime();
  if (Math.abs(ahead) <= MAX_DIFFERENCE_MS) return;
  const seconds = Math.round(Math.abs(ahead) / 1_000);
  throw new Error(
    `The clock of this process is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} that of PostgreSQL. Synchronize both ` +
      'hosts: with a larger difference, instances refuse the access tokens of each other.',
  );
}
