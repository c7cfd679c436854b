/**
 * Migrates the database of MIGRATION_DATABASE_URL and prints a line for each migration. With --down it reverts the last
 * migration instead. It ends with status 1 if a migration fails, which leaves the schema as it was.
 */
import type { DataSource } from 'typeorm';
import {
  applyMigrations,
  revertLastMigration,
} from '../../apps/auth-service/src/migrations/run-migrations.js';

try {
  // Loaded here because it refuses wrong settings.
  const { default: dataSource } = await import('../../ormconfig.js');
  const lines = process.argv.includes('--down')
    ? await revert(dataSource)
    : await migrate(dataSource);
  for (const line of lines) console.log(line);
} catch (error) {
  const { message, hint } = error as Error & { hint?: string };
  // Loaded here because only a failure needs it.
  const { describeTlsFailure } = await import('@poc-tracker/http-service');
  const tlsFailure = describeTlsFailure(error as Error, 'MIGRATION_DATABASE_URL');
  console.error([tlsFailure ?? message, hint].filter((line) => line !== undefined).join('\n'));
  process.exitCode = 1;
}

async function migrate(dataSource: DataSource): Promise<string[]> {
  const applied = await applyMigrations(dataSource);
  return applied.length === 0
    ? ['The schema is up to date.']
    : applied.map((name) => `Applied ${name}.`);
}

async function revert(dataSource: DataSource): Promise<string[]> {
  const name = await revertLastMigration(dataSource);
  return [name === null ? 'There is no migration to revert.' : `Reverted ${name}.`];
}
