import { createEmptyDatabase, type TestDatabase } from '@poc-tracker/testing';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../apps/auth-service/src/migrations/index.js';

const ROOT = join(import.meta.dirname, '../..');

let database: TestDatabase;

beforeAll(async () => {
  database = await createEmptyDatabase();
});

afterAll(() => database.drop());

async function migrate(...options: string[]): Promise<string[]> {
  return migrateWith({}, ...options);
}

async function migrateWith(settings: NodeJS.ProcessEnv, ...options: string[]): Promise<string[]> {
  const env = { ...process.env, MIGRATION_DATABASE_URL: database.migrationUrl, ...settings };
  const command = ['scripts/run.mjs', 'migrate', ...options];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: ROOT, env });
  return stdout.trim().split('\n');
}

/** The first test may build the program. */
const TIMEOUT_MS = 90_000;

describe('npm run migrate', { timeout: TIMEOUT_MS }, () => {
  it('prints one line for each migration, and with --down the one that it reverts', async () => {
    const names = MIGRATIONS.map(({ name }) => name);
    expect(await migrate()).toEqual(names.map((name) => `Applied ${name}.`));
    expect(await migrate()).toEqual(['The schema is up to date.']);
    expect(await migrate('--down')).toEqual([`Reverted ${names.at(-1)}.`]);
  });

  it('names the settings of TLS if the server has none or its certificate is not accepted', async () => {
    await expect(migrateWith({ NODE_ENV: 'production' })).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^The TLS connection .*MIGRATION_DATABASE_URL must .*NODE_EXTRA_CA_CERTS.*\n$/,
      ) as unknown,
    });
  });

  it('ends with status 1 and a sentence if it cannot revert', async () => {
    await migrate();
    await database.sql(
      `WITH tenant AS (INSERT INTO tenants (name, subdomain) VALUES ('Kept', 'kept') RETURNING id)
       INSERT INTO purged_tenants (purged_tenant, reason) SELECT id, 'test' FROM tenant`,
    );
    // The tracker's migration, and those after the one of this table.
    for (let later = 0; later < 5; later += 1) await migrate('--down');
    await expect(migrate('--down')).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^reverting this migration would delete the rows of table purged_tenants\nBack up the rows .*\n$/,
      ) as unknown,
    });
  });
});
