import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../apps/auth-service/src/app.setup.js';
import { testConfig } from '../../apps/auth-service/src/config/test-config.js';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(async () => {
  await database.drop();
});

async function damage(sql: string): Promise<void> {
  const admin = new pg.Client(database.adminUrl);
  await admin.connect();
  await admin.query(sql);
  await admin.end();
}

/** Returns why the service does not start, or an empty text if it does. */
async function refusal(env: NodeJS.ProcessEnv = {}): Promise<string> {
  try {
    const app = await createApp(testConfig(database, env));
    await app.close();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('The start of the service', () => {
  it('succeeds on the migrated schema', async () => {
    expect(await refusal()).toBe('');
  });

  it.each([
    ['ALTER TABLE users NO FORCE ROW LEVEL SECURITY', 'table users'],
    ['ALTER TABLE invites DISABLE ROW LEVEL SECURITY', 'table invites'],
    ['DROP POLICY pocs_tenant_isolation ON pocs', 'table pocs'],
    ['CREATE TABLE notes (tenant_id uuid, body text)', 'table notes'],
    ['GRANT TRUNCATE ON users TO authenticated_user', 'table users'],
    ['CREATE VIEW everybody AS SELECT email FROM users', 'everybody'],
  ])('fails after: %s', async (sql, named) => {
    await damage(sql);
    expect(await refusal()).toContain(named);
  });

  it('fails with a superuser or the table owner as its login', async () => {
    expect(await refusal({ DATABASE_URL: database.adminUrl })).toContain('role postgres');
    expect(await refusal({ DATABASE_URL: database.migrationUrl })).toContain('poc_tracker_owner');
  });

  it('fails with a superuser as the login of the operators', async () => {
    expect(await refusal({ PLATFORM_DATABASE_URL: database.adminUrl })).toContain('role postgres');
  });
});
