import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IsolationProofError, proveIsolation } from './isolation-proof.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.drop();
});

/** The faults found by a login after statements of a superuser, in a transaction that is rolled back. */
async function faultsAfter(
  damage: string,
  login: 'service' | 'platform' | 'owner' = 'service',
): Promise<string[]> {
  await database.sql('BEGIN');
  try {
    await database.sql(damage);
    await database.sql(`SET LOCAL SESSION AUTHORIZATION poc_tracker_${login}`);
    await proveIsolation(database.sql, {
      login: login === 'platform' ? 'platform' : 'service',
    });
    return [];
  } catch (error) {
    if (error instanceof IsolationProofError) return [...error.faults];
    throw error;
  } finally {
    await database.sql('ROLLBACK');
  }
}

describe('proveIsolation', () => {
  it('finds no faults for the service and the operators in a migrated database', async () => {
    expect(await faultsAfter('')).toEqual([]);
    expect(await faultsAfter('', 'platform')).toEqual([]);
  });

  it('lists every fault in the message of its error', () => {
    expect(new IsolationProofError(['table a: x', 'role b: y']).message).toMatch(
      /table a: x\n.*role b: y/,
    );
  });

  const DAMAGES: [what: string, sql: string, fault: string][] = [
    [
      'an unprotected table',
      'ALTER TABLE users DISABLE ROW LEVEL SECURITY',
      'table users: row-level security is not enabled',
    ],
    [
      'a table that is not forced',
      'ALTER TABLE users NO FORCE ROW LEVEL SECURITY',
      'table users: row-level security is not forced',
    ],
    [
      'a table without its restrictive policy',
      'DROP POLICY pocs_tenant_isolation ON pocs',
      'table pocs: has no restrictive policy that limits authenticated_user to its tenant',
    ],
    [
      'a tenant policy that is permissive',
      `DROP POLICY pocs_tenant_isolation ON pocs;
       CREATE POLICY pocs_tenant_isolation ON pocs TO authenticated_user
         USING (tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid))`,
      'table pocs: has no restrictive policy that limits authenticated_user to its tenant',
    ],
    [
      'a restrictive policy that restricts nothing',
      'ALTER POLICY pocs_tenant_isolation ON pocs USING (true)',
      'table pocs: has no restrictive policy that limits authenticated_user to its tenant',
    ],
    [
      'a restrictive policy that allows any row to be written',
      'ALTER POLICY pocs_tenant_isolation ON pocs WITH CHECK (true)',
      'table pocs: has no restrictive policy that limits authenticated_user to its tenant',
    ],
    [
      'a restrictive policy for another role',
      'ALTER POLICY pocs_tenant_isolation ON pocs TO super_admin',
      'table pocs: has no restrictive policy that limits authenticated_user to its tenant',
    ],
    [
      'a new table with a tenant_id and no policies',
      'CREATE TABLE notes (tenant_id uuid, body text)',
      'table notes: row-level security is not enabled',
    ],
    [
      'a partition of a tenant table, which the policies of its parent do not cover',
      `CREATE TABLE events (tenant_id uuid) PARTITION BY HASH (tenant_id);
       CREATE TABLE events_0 PARTITION OF events FOR VALUES WITH (MODULUS 1, REMAINDER 0)`,
      'table events_0: row-level security is not enabled',
    ],
    [
      'a table without a tenant_id that the service may use',
      'CREATE TABLE exports (body text); GRANT SELECT (body) ON exports TO authenticated_user',
      'table exports: poc_tracker_service may use it, although it has no tenant_id',
    ],
    [
      'a policy for every role',
      'CREATE POLICY open ON users USING (true)',
      'table users: policy open applies to every role',
    ],
    ['a login that is a superuser', 'ALTER ROLE poc_tracker_service SUPERUSER', 'SUPERUSER'],
    [
      'a login that no policy applies to',
      'ALTER ROLE poc_tracker_service BYPASSRLS',
      'role poc_tracker_service: poc_tracker_service is, or can become, a role with BYPASSRLS',
    ],
    [
      'a login that can become a role that no policy applies to',
      'CREATE ROLE backup BYPASSRLS; GRANT backup TO poc_tracker_service',
      'role poc_tracker_service: backup is, or can become, a role with BYPASSRLS',
    ],
    [
      'a login that owns a table',
      'ALTER TABLE invites OWNER TO poc_tracker_service',
      'table invites: is owned by poc_tracker_service, which poc_tracker_service is or can become',
    ],
    [
      'a login that can become the owner',
      'GRANT poc_tracker_owner TO poc_tracker_service WITH INHERIT FALSE',
      'table users: is owned by poc_tracker_owner, which poc_tracker_service is or can become',
    ],
    [
      'a login of the service with the rights of the operators',
      'GRANT super_admin TO poc_tracker_service',
      'role poc_tracker_service: is a member of super_admin',
    ],
    [
      "a login that has the gatekeeper's rights",
      'GRANT tenant_gatekeeper TO poc_tracker_service',
      'role poc_tracker_service: is a member of tenant_gatekeeper',
    ],
    [
      'a login that the tenant policy does not apply to',
      'REVOKE authenticated_user FROM poc_tracker_service',
      'role poc_tracker_service: is not a member of authenticated_user',
    ],
    [
      'a login that reads files of the server',
      'GRANT pg_read_server_files TO poc_tracker_service',
      'role poc_tracker_service: is a member of pg_read_server_files',
    ],
    [
      'a login that looks for its tables elsewhere',
      'ALTER ROLE poc_tracker_service SET search_path = mine, public',
      'role poc_tracker_service: has search_path=mine, public as a setting of its own; remove it',
    ],
    [
      'a login with a setting of its own in this database',
      `DO $$ BEGIN EXECUTE format('ALTER ROLE poc_tracker_service IN DATABASE %I SET row_security = off',
        current_database()); END $$`,
      'role poc_tracker_service: has row_security=off as a setting of its own in database test_',
    ],
    [
      'a login that becomes another role when it connects',
      'ALTER ROLE poc_tracker_service SET role = authenticated_user',
      'role poc_tracker_service: has role=authenticated_user as a setting of its own',
    ],
    [
      'a login that may create objects',
      'GRANT CREATE ON SCHEMA public TO authenticated_user',
      'schema public: poc_tracker_service may create objects in it',
    ],
    [
      'a login that may truncate a table',
      'GRANT TRUNCATE ON pocs TO authenticated_user',
      'table pocs: poc_tracker_service holds TRUNCATE',
    ],
    [
      'a view with the rights of its owner',
      'CREATE VIEW all_users AS SELECT * FROM users',
      'view all_users: is not security_invoker',
    ],
    [
      'a materialized view that the service may read',
      'CREATE MATERIALIZED VIEW snapshot AS SELECT * FROM users; GRANT SELECT ON snapshot TO authenticated_user',
      'materialized view snapshot: poc_tracker_service may read it',
    ],
    [
      "a definer function with the caller's search_path",
      'ALTER FUNCTION find_credentials RESET search_path',
      'function find_credentials(text): is SECURITY DEFINER without a search_path of its own',
    ],
    [
      'a definer function that PUBLIC may execute',
      'GRANT EXECUTE ON FUNCTION find_credentials TO PUBLIC',
      'function find_credentials(text): is SECURITY DEFINER and PUBLIC may execute it',
    ],
    [
      'a definer function of a superuser',
      'ALTER FUNCTION find_credentials OWNER TO CURRENT_USER',
      'function find_credentials(text): is SECURITY DEFINER with the rights of postgres',
    ],
  ];

  it.each(DAMAGES)('refuses %s', async (_what, damage, fault) => {
    expect((await faultsAfter(damage)).join('\n')).toContain(fault);
  });

  it('accepts a view that reads with the rights of its caller', async () => {
    const view = 'CREATE VIEW colleagues WITH (security_invoker = on) AS SELECT id FROM users';
    expect(await faultsAfter(view)).toEqual([]);
  });

  it('refuses the owner as the login of the service', async () => {
    expect((await faultsAfter('', 'owner')).join('\n')).toContain(
      'table users: is owned by poc_tracker_owner',
    );
  });

  it('refuses a session that changed its role after it had logged in', async () => {
    await database.sql('SET ROLE poc_tracker_service');
    try {
      await expect(proveIsolation(database.sql, { login: 'service' })).rejects.toThrow(
        /the session came from login/,
      );
    } finally {
      await database.sql('RESET ROLE');
    }
  });

  it('refuses a database without the schema', async () => {
    expect(await faultsAfter('DROP TABLE tenants CASCADE')).toContain(
      'table tenants: is missing; run the migrations',
    );
  });

  it.each([
    [140_023, false],
    [150_013, false],
    [150_014, true],
    [160_009, false],
    [160_010, true],
    [170_005, false],
    [170_006, true],
    [180_000, true],
    [190_000, true],
  ])(
    'checks server version %i for known bypasses of row-level security: accepted %s',
    async (version, accepted) => {
      const query = async (sql: string, params?: unknown[]): Promise<Record<string, unknown>[]> =>
        sql.includes('server_version_num')
          ? [{ number: version, name: `PostgreSQL ${version}` }]
          : database.sql(sql, params);
      await database.sql('BEGIN');
      await database.sql('SET LOCAL SESSION AUTHORIZATION poc_tracker_service');
      const proof = proveIsolation(query, { login: 'service' });
      await (accepted
        ? expect(proof).resolves.toBeUndefined()
        : expect(proof).rejects.toThrow(/15\.14, 16\.10, 17\.6 and 18/));
      await database.sql('ROLLBACK');
    },
  );
});
