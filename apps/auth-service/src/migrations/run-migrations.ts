import { DataSource } from 'typeorm';
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
  const dataSource = await migrationDataSource(migrationUrl, tls).initialize();
  try {
    // In a transaction of its own, whose end releases it: a session's lock would survive on a pooler's connection.
    const lock = dataSource.createQueryRunner();
    await lock.startTransaction();
    await lock.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    try {
      const applied = await dataSource.runMigrations();
      return applied.map((migration) => migration.name);
    } finally {
      await lock.rollbackTransaction();
      await lock.release();
    }
  } finally {
    await dataSource.destroy();
  }
}
