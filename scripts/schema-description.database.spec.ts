import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeSchema } from './schema-description.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.drop();
});

async function schema(): Promise<string> {
  return describeSchema(database.sql);
}

describe('describeSchema', () => {
  it.each([
    ['a column', 'ALTER TABLE pocs ADD note text'],
    ['a default', `ALTER TABLE users ALTER locale SET DEFAULT 'en-US'`],
    ['a constraint', 'ALTER TABLE users DROP CONSTRAINT users_role_check'],
    ['an index', 'DROP INDEX users_tenant_role_idx'],
    ['a policy', 'DROP POLICY pocs_tenant_isolation ON pocs'],
    ['a condition of a policy', 'ALTER POLICY pocs_tenant_isolation ON pocs USING (true)'],
    ['row-level security that is not forced', 'ALTER TABLE pocs NO FORCE ROW LEVEL SECURITY'],
    ['a grant on a table', 'GRANT DELETE ON tenants TO authenticated_user'],
    ['a grant on a column', 'GRANT SELECT (password_hash) ON users TO authenticated_user'],
    ['a grant on the schema', 'GRANT CREATE ON SCHEMA public TO authenticated_user'],
    ['a grant on a function', 'GRANT EXECUTE ON FUNCTION find_credentials TO PUBLIC'],
    ['the owner of a function', 'ALTER FUNCTION find_credentials OWNER TO super_admin'],
    ['the search_path of a function', 'ALTER FUNCTION find_credentials RESET search_path'],
    [
      'the body of a function',
      'CREATE OR REPLACE FUNCTION update_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
    ],
    ['a trigger', 'DROP TRIGGER users_audit ON users'],
    ['a trigger that is switched off', 'ALTER TABLE users DISABLE TRIGGER users_audit'],
    ['a view', 'CREATE VIEW user_ids AS SELECT id FROM users'],
    ['a type', `CREATE TYPE mood AS ENUM ('happy')`],
  ])('reports %s', async (_what, change) => {
    await database.sql('BEGIN');
    const before = await schema();
    await database.sql(change);
    const after = await schema();
    await database.sql('ROLLBACK');
    expect(after).not.toBe(before);
  });
});
