import { DataSource, MigrationExecutor } from 'typeorm';
import { MIGRATIONS } from './index.js';

/** An arbitrary key that nothing else in the database uses. */
const MIGRATION_LOCK = 7_301_795_460;

/** The owner's connection, which knows migrations and no entities. `tls`: verify the server's certificate. */
export function migrationDataSource(migrationUrl: string, tls: boolean): DataSource {
  return new DataSource({
    type: 'postgres',
    url: migrationUrl,
    ssl: tls ? { rejectUnauthorized: true } : false,
    applicationName: 'poc-tracker-migrations',
    migrations: MIGRATIONS,
    // In one transaction: if a migration fails, the schema stays as it was.
    migrationsTransactionMode: 'all',
  });
}

/**
 * Applies the pending migrations. If several instances start at once, one migrates and the others wait.
 * @returns the names of the applied migrations, oldest first.
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
