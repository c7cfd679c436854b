import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The committed checksums of all migrations. */
export const CHECKSUM_FILE = join(
  import.meta.dirname,
  '../apps/auth-service/src/migrations/checksums.json',
);

/** SHA-256 of the SQL that each migration runs, by its name. */
export type Checksums = Record<string, { up: string; down: string }>;

export const CHANGED_MIGRATION_HELP =
  'A released migration must not change: a database that has run it would differ from a new one. ' +
  'Write a new migration. If a SQL helper of libs/tenancy has to change, add a new version of it for new migrations ' +
  'and keep the one that the old migrations use. ' +
  'If these migrations are not released yet, run "npm run generate:checksums -- --replace" and commit the result.';

/** Records the SQL of each migration, without a database. */
export async function checksumsOf(
  migrations: readonly (new () => MigrationInterface)[],
): Promise<Checksums> {
  const checksums: Checksums = {};
  for (const Migration of migrations) {
    const migration = new Migration();
    checksums[Migration.name] = {
      up: await record((runner) => migration.up(runner)),
      down: await record((runner) => migration.down(runner)),
    };
  }
  return checksums;
}

/** The migrations whose SQL differs from the committed checksums: changed, added or removed. */
export function differences(committed: Checksums, current: Checksums): string[] {
  const names = new Set([...Object.keys(committed), ...Object.keys(current)]);
  return [...names].flatMap((name) => {
    const [before, now] = [committed[name], current[name]];
    if (before === undefined) return [`${name} is not in the file`];
    if (now === undefined) return [`${name} is gone`];
    return (['up', 'down'] as const)
      .filter((direction) => before[direction] !== now[direction])
      .map((direction) => `${name}.${direction}() runs other SQL`);
  });
}

async function record(run: (runner: QueryRunner) => Promise<void>): Promise<string> {
  const hash = createHash('sha256');
  const recorder = {
    query: (...statement: unknown[]) => {
      hash.update(`${JSON.stringify(statement)}\n`);
      return Promise.resolve([]);
    },
  };
  // Migrations only call query(). A migration that calls another method fails here.
  await run(recorder as unknown as QueryRunner);
  return hash.digest('hex');
}
