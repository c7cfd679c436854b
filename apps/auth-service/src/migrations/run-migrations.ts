import { DataSource, MigrationExecutor } from 'typeorm';
import { MIGRATIONS } from './index.js';

/** Any constant will do, as long as nothing else in the database locks on it. */
const MIGRATION_LOCK = 7_301_795_460;

/** The owner's connection, which knows migrations and no entities. `tls`: verify the server's certificate. */
export function migrationDataSource(migrationUrl: string, tls: boolean): DataSource {
  return new DataSource({
    type: 'postgres',
    url: migrationUrl,
    ssl: tls ? { rejectUnauthorized: true } : false,
    applicationName: 'poc-tracker-migrations',
    migrations: MIGRATIONS,
    // All or none: a failed start leaves the schema of the last good one.
    migrationsTransactionMode: 'all',
  });
}

/**
 * Brings the database up to date; of several instances that start at once, one migrates and the others wait.
 * @returns the names of the migrations applied, oldest first; none when the schema is current.
 */
export async function runMigrations(migrationUrl: string, tls: boolean): Promise<string[]> {
  return applyMigrations(migrationDataSource(migrationUrl, tls));
}

/** `runMigrations` for the data source of `migrationDataSource`, which this closes. */
export async function applyMigrations(dataSource: DataSource): Promise<string[]> {
  return alone(dataSource, async () => {
    const applied = await dataSource.runMigrations();
    return applied.map((migration) => migration.name);
  });
}

/**
 * Reverts the last migration and closes the data source.
 * @returns the name of the migration; null if there is none to revert.
 * @throws Error if this would delete rows.
 */
export async function revertLastMigration(dataSource: DataSource): Promise<string | null> {
  return alone(dataSource, async () => {
    const last = await new MigrationExecutor(dataSource).getExecutedMigrations();
    await dataSource.undoLastMigration();
    return last.at(0)?.name ?? null;
  });
}

async function alone<T>(unopened: DataSource, work: () => Promise<T>): Promise<T> {
  const dataSource = await unopened.initialize();
  try {
    // In a transaction of its own, whose end releases it: a session's lock would survive on a pooler's connection.
    const lock = dataSource.createQueryRunner();
    await lock.startTransaction();
    await lock.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    try {
      return await work();
    } finally {
      await lock.rollbackTransaction();
      await lock.release();
    }
  } finally {
    await dataSource.destroy();
  }
}
