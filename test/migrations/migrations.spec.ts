import { createEmptyDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../apps/auth-service/src/migrations/index.js';
import {
  migrationDataSource,
  revertLastMigration,
  runMigrations,
} from '../../apps/auth-service/src/migrations/run-migrations.js';
import { describeSchema } from '../../scripts/schema-description.js';

let database: TestDatabase;
let admin: pg.Client;

beforeEach(async () => {
  database = await createEmptyDatabase();
  admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
});

afterEach(async () => {
  await admin.end();
  await database.drop();
});

async function schema(): Promise<string> {
  return describeSchema(async (sql) => (await admin.query<Record<string, unknown>>(sql)).rows);
}

async function withDataSource<T>(
  work: (dataSource: DataSource) => Promise<T>,
  migrations = MIGRATIONS,
): Promise<T> {
  const dataSource = migrationDataSource(database.migrationUrl, false).setOptions({ migrations });
  await dataSource.initialize();
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

describe('The migrations', () => {
  it('create the same schema, policies, grants, triggers and functions again after all were reverted', async () => {
    const empty = await schema();
    await runMigrations(database.migrationUrl, false);
    const fresh = await schema();
    await withDataSource(async (dataSource) => {
      for (let left = MIGRATIONS.length; left > 0; left -= 1) {
        await dataSource.undoLastMigration({ transaction: 'each' });
      }
    });
    expect(await schema()).toBe(empty);
    await runMigrations(database.migrationUrl, false);
    expect(await schema()).toBe(fresh);
    expect(fresh.length).toBeGreaterThan(empty.length);
  });

  it('each revert exactly what they created', async () => {
    const before: string[] = [];
    for (const [index] of MIGRATIONS.entries()) {
      before.push(await schema());
      await withDataSource(
        (dataSource) => dataSource.runMigrations(),
        MIGRATIONS.slice(0, index + 1),
      );
    }
    await withDataSource(async (dataSource) => {
      for (const expected of before.reverse()) {
        await dataSource.undoLastMigration({ transaction: 'each' });
        expect(await schema()).toBe(expected);
      }
    });
  });

  it('are not reverted while that would delete rows, and leave rows and protection as they were', async () => {
    await runMigrations(database.migrationUrl, false);
    const before = await schema();
    const { tenantId } = await seedTenant(database);
    const { userId } = await seedUser(database, tenantId);
    await admin.query(`INSERT INTO pocs (tenant_id, title, created_by) VALUES ($1, 'Kept', $2)`, [
      tenantId,
      userId,
    ]);
    const revert = () => revertLastMigration(migrationDataSource(database.migrationUrl, false));
    await expect(revert()).rejects.toThrow('would delete the rows of table pocs');
    expect(await schema()).toBe(before);
    expect((await admin.query('SELECT title FROM pocs')).rows).toEqual([{ title: 'Kept' }]);
    await admin.query('DELETE FROM pocs');
    expect(await revert()).toBe(MIGRATIONS.at(-1)?.name);
  });

  it('are applied once, however many instances start at the same time', async () => {
    const applied = await Promise.all(
      [1, 2, 3].map(() => runMigrations(database.migrationUrl, false)),
    );
    expect(applied.map((names) => names.length).sort()).toEqual([0, 0, MIGRATIONS.length]);
  });

  it('return the names of those that were applied, oldest first', async () => {
    expect(await runMigrations(database.migrationUrl, false)).toEqual(
      MIGRATIONS.map((migration) => migration.name),
    );
  });

  it('leave nothing behind when the last of them fails', async () => {
    const empty = await schema();
    await admin.query('CREATE TABLE pocs (id int)');
    await expect(runMigrations(database.migrationUrl, false)).rejects.toThrow(/pocs/);
    await admin.query('DROP TABLE pocs');
    expect(await schema()).toBe(empty);
  });

  it("need no superuser, and leave their login without the gatekeeper's rights", async () => {
    await runMigrations(database.migrationUrl, false);
    const owner = new URL(database.migrationUrl).username;
    const { rows } = await admin.query(
      `SELECT rolsuper, rolbypassrls, pg_has_role(oid, 'tenant_gatekeeper', 'USAGE') AS inherits,
              has_schema_privilege('tenant_gatekeeper', 'public', 'CREATE') AS "gatekeeperCreates"
         FROM pg_roles WHERE rolname = $1`,
      [owner],
    );
    expect(rows).toEqual([
      { rolsuper: false, rolbypassrls: false, inherits: false, gatekeeperCreates: false },
    ]);
  });
});
