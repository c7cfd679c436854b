import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IsolationReport } from './report.js';
import { attackPermissions } from './permission-attacks.js';
import { attackRequirements, REQUIREMENTS } from './requirements.js';
import { attackTables } from './table-attacks.js';
import { asTracker, createWorld, type World } from './world.js';

const TENANT = `(select nullif(current_setting('app.current_tenant_id', true), '')::uuid)`;

const LASTING_CONTEXT = `
  CREATE OR REPLACE FUNCTION set_user_context(
    p_tenant uuid, p_user uuid, p_role text, p_permissions text[] DEFAULT NULL) RETURNS void LANGUAGE sql
  AS $$ SELECT set_config('app.current_tenant_id', p_tenant::text, false),
               set_config('app.user_role', p_role, false) $$`;

/** Every table is attacked by everybody, which takes longer than a test may by default. */
const WHOLE_MS = 120_000;

let database: TestDatabase;

type Attack = (world: World, report: IsolationReport) => Promise<void>;

/** Every operation, on the one table that the damage was done to. */
const onTable =
  (name: string, attack: Attack = attackTables): Attack =>
  (world, report) =>
    attack({ ...world, tables: world.tables.filter((table) => table.name === name) }, report);

const requirements =
  (...ids: string[]): Attack =>
  (world, report) =>
    attackRequirements(
      world,
      report,
      REQUIREMENTS.filter(({ id }) => ids.includes(id)),
    );

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(async () => {
  await database.drop();
});

async function asAdmin(sql: string): Promise<void> {
  const admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
  try {
    await admin.query(sql);
  } finally {
    await admin.end();
  }
}

/** What the report finds after a protection was taken out. */
async function faultsAfter(
  damage: string,
  attack: Attack,
  urls: Partial<World['database']> = {},
): Promise<string[]> {
  await asAdmin(damage);
  const world = await createWorld({ ...database, ...urls });
  try {
    const report = new IsolationReport();
    await attack(world, report);
    return report.faults;
  } finally {
    await world.admin.end();
  }
}

describe('the isolation report', () => {
  it.each<[string, Attack]>([
    ['tables', attackTables],
    [
      "tables, as the tracker's login",
      async (world, report) => attackTables(await asTracker(world), report),
    ],
    ['permissions', attackPermissions],
    [
      "permissions, as the tracker's login",
      async (world, report) => attackPermissions(await asTracker(world), report),
    ],
    ['requirements', attackRequirements],
  ])('finds nothing on a migrated database: %s', { timeout: WHOLE_MS }, async (_what, attack) => {
    expect(await faultsAfter('', attack)).toEqual([]);
  });

  it('shows other tenants reading and writing a table that lost its restrictive policy', async () => {
    const faults = await faultsAfter(
      'DROP POLICY tenant_settings_tenant_isolation ON tenant_settings',
      onTable('tenant_settings'),
    );
    expect(faults).toContain('tenant_settings SELECT, wrong tenant: reached 1 row');
    expect(faults).toContain('tenant_settings SELECT, no tenant: reached 1 row');
    expect(faults).toContain('tenant_settings SELECT, spent transaction: reached 1 row');
    expect(faults).toContain('tenant_settings UPDATE, wrong tenant: reached 1 row');
    expect(faults).toContain('tenant_settings DELETE, wrong tenant: reached 1 row');
    expect(faults).toContain('tenant_settings COPY TO, wrong tenant: reached 1 row');
  });

  it('shows rows planted in another tenant when the tenant policy checks no new row', async () => {
    const damage =
      'ALTER POLICY tenant_settings_tenant_isolation ON tenant_settings WITH CHECK (true)';
    const faults = await faultsAfter(damage, onTable('tenant_settings'));
    expect(faults).toContain('tenant_settings INSERT, wrong tenant: reached 1 row');
    expect(await faultsAfter('', requirements('R9'))).toContainEqual(expect.stringMatching(/^R9:/));
  });

  it('shows a tenant policy that fails, instead of finding nothing, on a used connection', async () => {
    const condition = `tenant_id = (select current_setting('app.current_tenant_id', true)::uuid)`;
    const damage = `ALTER POLICY pocs_tenant_isolation ON pocs USING (${condition})`;
    const faults = await faultsAfter(damage, onTable('pocs'));
    expect(faults).toContainEqual(
      expect.stringMatching(/^pocs SELECT, spent transaction: .*22P02/),
    );
    expect(faults).not.toContainEqual(expect.stringMatching(/^pocs SELECT, no tenant/));
  });

  it('shows a tenant that is kept from its own rows, for then the refusals prove nothing', async () => {
    const faults = await faultsAfter(
      'ALTER POLICY pocs_tenant_isolation ON pocs USING (false)',
      onTable('pocs'),
    );
    expect(faults).toContain('pocs SELECT, right tenant: the tenant itself gets 0 rows');
  });

  it.each<[what: string, table: string, damage: string, faults: string[]]>([
    [
      'a has_permission() that is always true',
      'tenant_settings',
      `CREATE OR REPLACE FUNCTION has_permission(p_permission text) RETURNS boolean LANGUAGE sql STABLE RETURN true`,
      [
        'tenant_settings INSERT: a user without manage_settings gets 1 row',
        'tenant_settings UPDATE: a user without manage_settings gets 1 row',
        'tenant_settings DELETE: a user without manage_settings gets 1 row',
        'tenant_settings DELETE: a user without permissions gets 1 row',
      ],
    ],
    [
      'a policy that asks for a role and not for a permission',
      'tenant_settings',
      `ALTER POLICY tenant_settings_update_authenticated_user ON tenant_settings
         USING ((select current_setting('app.user_role', true)) = 'admin')
         WITH CHECK ((select current_setting('app.user_role', true)) = 'admin')`,
      ['tenant_settings UPDATE: a user without manage_settings gets 1 row'],
    ],
    [
      'a policy that asks for another permission than the routes',
      'invites',
      `ALTER POLICY invites_select_authenticated_user ON invites
         USING ((select has_permission('manage_users')))`,
      [
        'invites SELECT: manage_invites alone gets 0 rows',
        'invites SELECT: a user without manage_invites gets 1 row',
      ],
    ],
    [
      'a policy that asks for a permission too many',
      'audit_log',
      `CREATE POLICY too_much ON audit_log AS RESTRICTIVE FOR SELECT TO authenticated_user
         USING ((select has_permission('view_usage')))`,
      [
        'audit_log SELECT: view_audit alone gets 0 rows',
        'audit_log SELECT: a user without view_usage gets 0 rows',
      ],
    ],
    [
      'a tenant that passes for a new one after its sign-up',
      'tenant_settings',
      `CREATE OR REPLACE FUNCTION is_new_tenant() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
         SET search_path = pg_catalog, pg_temp AS $$ SELECT true $$`,
      ['tenant_settings INSERT: a user without manage_settings gets 1 row'],
    ],
    [
      'a command that the matrix does not name',
      'tenant_usage',
      'GRANT DELETE ON tenant_usage TO authenticated_user',
      ['rights: the matrix: says nothing of tenant_usage DELETE'],
    ],
  ])('shows %s', async (_what, table, damage, expected) => {
    const faults = await faultsAfter(damage, onTable(table, attackPermissions));
    for (const fault of expected) expect(faults).toContain(fault);
  });

  it('shows a user whose own rank is not compared', async () => {
    const damage = `ALTER POLICY users_update_authenticated_user ON users
      USING ((select has_permission('manage_users'))) WITH CHECK (true)`;
    expect(await faultsAfter(damage, requirements('settings'))).toContainEqual(
      expect.stringMatching(/^settings: .*app\.user_role: ""/),
    );
  });

  it('shows a table that the service may empty', async () => {
    const damage = 'GRANT TRUNCATE ON pocs, poc_files, poc_collaborators TO authenticated_user';
    const faults = await faultsAfter(damage, async (world, report) => {
      await onTable('pocs')(world, report);
      await requirements('R10')(world, report);
    });
    expect(faults).toContain('pocs TRUNCATE, wrong tenant: was let in');
    expect(faults).toContainEqual(expect.stringMatching(/^R10:.*authenticated_user/));
  });

  it('attacks a new table that nobody protected', async () => {
    const damage = `
      CREATE TABLE notes (tenant_id uuid REFERENCES tenants, id uuid DEFAULT uuid_v7(), body text NOT NULL, PRIMARY KEY (tenant_id, id));
      GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO authenticated_user`;
    const faults = await faultsAfter(damage, onTable('notes'));
    for (const operation of [
      'SELECT',
      'INSERT',
      'UPDATE',
      'DELETE',
      'UPSERT',
      'COPY TO',
      'COPY FROM',
    ]) {
      expect(faults).toContainEqual(
        expect.stringMatching(new RegExp(`^notes ${operation}, wrong tenant:`)),
      );
    }
  });

  it('shows a login of the service that no policy applies to', async () => {
    const ids = ['R2', 'R3', 'R5', 'R7', 'R8', 'R11', 'R17', 'R23', 'R25'];
    const role = `exempt_${randomBytes(4).toString('hex')}`;
    const serviceUrl = new URL(database.serviceUrl);
    serviceUrl.username = role;
    serviceUrl.password = 'exempt';
    try {
      const damage = `CREATE ROLE ${role} LOGIN BYPASSRLS PASSWORD 'exempt' IN ROLE authenticated_user;
        GRANT CONNECT ON DATABASE ${database.name} TO ${role}`;
      const faults = await faultsAfter(damage, requirements(...ids), {
        serviceUrl: serviceUrl.href,
      });
      for (const id of ids) {
        expect(faults).toContainEqual(expect.stringMatching(new RegExp(`^${id}:`)));
      }
    } finally {
      await asAdmin(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  const DAMAGES: [what: string, id: string, sql: string][] = [
    ['a table that is not forced', 'R1', 'ALTER TABLE users NO FORCE ROW LEVEL SECURITY'],
    ['a context that outlives its transaction', 'R4', LASTING_CONTEXT],
    ['a context that outlives its statement', 'R5', LASTING_CONTEXT],
    ['a dump that the owner can make', 'R18', 'ALTER TABLE users NO FORCE ROW LEVEL SECURITY'],
    [
      'an error that a row of another tenant causes',
      'R21',
      'DROP POLICY users_tenant_isolation ON users',
    ],
    [
      'a deletion that takes other tenants with it',
      'R27',
      `CREATE FUNCTION wipe() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
         AS $$ BEGIN DELETE FROM public.pocs; RETURN NULL; END $$;
       CREATE TRIGGER tenants_wipe AFTER DELETE ON tenants FOR EACH ROW EXECUTE FUNCTION wipe()`,
    ],
    [
      'settings that are read by name of the role',
      'R7',
      `CREATE POLICY operators ON users TO authenticated_user USING (true);
       DROP POLICY users_tenant_isolation ON users;
       CREATE POLICY users_tenant_isolation ON users AS RESTRICTIVE TO authenticated_user
         USING (tenant_id = ${TENANT} OR current_setting('app.user_role', true) = 'super_admin')`,
    ],
    [
      'a tenant policy that is permissive',
      'R8',
      `DROP POLICY users_tenant_isolation ON users;
       CREATE POLICY users_tenant_isolation ON users TO authenticated_user USING (tenant_id = ${TENANT})`,
    ],
    [
      'a password hash that the service may read',
      'R6',
      'GRANT SELECT ON users TO authenticated_user',
    ],
    ['a view with the rights of its owner', 'R11', 'CREATE VIEW everybody AS SELECT * FROM users'],
    [
      'a definer function that finds people of every tenant',
      'R11',
      `CREATE OR REPLACE FUNCTION find_credentials(p_email text)
         RETURNS TABLE (id uuid, password_hash text, status text, must_change_password boolean)
         LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
         AS $$ SELECT u.id, u.password_hash, u.status, u.must_change_password FROM public.users u WHERE u.email = p_email $$`,
    ],
    [
      'a definer function that nobody has told the report of',
      'R11',
      `CREATE FUNCTION public.everybody() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
         AS $$ SELECT count(*) FROM public.users $$;
       ALTER FUNCTION public.everybody() OWNER TO tenant_gatekeeper;
       REVOKE ALL ON FUNCTION public.everybody() FROM PUBLIC;
       GRANT EXECUTE ON FUNCTION public.everybody() TO tracker_user`,
    ],
    [
      "an invitation that another tenant's people can use",
      'R11',
      `CREATE OR REPLACE FUNCTION inspect_invitation(p_token_hash bytea)
         RETURNS TABLE (email text, role text, expires_at timestamptz, allowed_domains text[])
         LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
         AS $$ SELECT i.email::text, i.role, i.expires_at, NULL::text[] FROM public.invites i
                WHERE i.token_hash = p_token_hash $$`,
    ],
    [
      'a table of the tracker that does not hold its login to the tenant',
      'R11',
      'DROP POLICY pocs_tenant_isolation_tracker_user ON pocs',
    ],
    [
      'a has_permission() that fails on a malformed setting',
      'settings',
      `CREATE OR REPLACE FUNCTION has_permission(p_permission text) RETURNS boolean LANGUAGE sql STABLE
         RETURN p_permission = ANY (current_setting('app.user_permissions')::text[])`,
    ],
    [
      'a has_permission() that takes a part of a name for the name',
      'settings',
      `CREATE OR REPLACE FUNCTION has_permission(p_permission text) RETURNS boolean LANGUAGE sql STABLE
         RETURN current_setting('app.user_permissions', true) LIKE '%' || p_permission || '%'`,
    ],
    [
      'a validate_tenant_access() that answers about every tenant',
      'R11',
      `CREATE OR REPLACE FUNCTION validate_tenant_access(p_user uuid, p_tenant uuid) RETURNS boolean
         LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
         AS $$ SELECT EXISTS (SELECT FROM public.users u WHERE u.tenant_id = p_tenant AND u.id = p_user) $$`,
    ],
    [
      'a function of another tenant that settles its uploads',
      'R11',
      `CREATE OR REPLACE FUNCTION settle_uploads(p_files uuid[])
         RETURNS TABLE (file uuid, known boolean, complete boolean)
         LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
         AS $$ SELECT f.id, true, f.uploaded_at IS NOT NULL FROM public.poc_files f WHERE f.id = ANY (p_files) $$`,
    ],
    [
      'a role whose holders are looked up in every tenant',
      'R11',
      `CREATE OR REPLACE FUNCTION role_holders(p_role uuid) RETURNS TABLE (self boolean, above boolean)
         LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
         AS $$ SELECT false, EXISTS (SELECT FROM public.users u WHERE u.custom_role_id = p_role) $$`,
    ],
    [
      'an invitation whose role is given in every tenant',
      'R11',
      `CREATE OR REPLACE FUNCTION invited_role() RETURNS text
         LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
         AS $$ SELECT i.role FROM public.invites i
                WHERE i.accepted_by = current_setting('app.current_user_id', true)::uuid $$`,
    ],
    ["a tracker's login that reads users", 'logins', 'GRANT SELECT (id) ON users TO tracker_user'],
    [
      "an operators' login that deletes entries of the audit log",
      'logins',
      'GRANT DELETE ON audit_log TO super_admin; ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only',
    ],
    [
      'a service that may ask what another user may do',
      'logins',
      'GRANT EXECUTE ON FUNCTION rank_to_invite(uuid) TO authenticated_user',
    ],
    [
      'a schema in which the service may create',
      'R12',
      'GRANT CREATE ON SCHEMA public TO authenticated_user',
    ],
    [
      'an index that is unique over all tenants',
      'R13',
      'CREATE UNIQUE INDEX one_email ON users (lower(email))',
    ],
    [
      'a foreign key without the tenant',
      'R14',
      `ALTER TABLE users ADD CONSTRAINT users_id_key UNIQUE (id);
       ALTER TABLE pocs DROP CONSTRAINT pocs_created_by_fkey, ADD FOREIGN KEY (created_by) REFERENCES users (id)`,
    ],
    ['ids that are counted', 'R15', 'ALTER TABLE invites ADD number serial'],
    [
      'a partition that its parent does not protect',
      'R16',
      `CREATE TABLE events (tenant_id uuid NOT NULL) PARTITION BY HASH (tenant_id);
       CREATE TABLE events_0 PARTITION OF events FOR VALUES WITH (MODULUS 1, REMAINDER 0)`,
    ],
    [
      'a tenant policy that no index can serve',
      'R19, R20',
      `ALTER POLICY users_tenant_isolation ON users USING (tenant_id::text = current_setting('app.current_tenant_id', true))`,
    ],
    [
      'statistics that the policies do not cover',
      'R22',
      'ALTER TABLE users DISABLE ROW LEVEL SECURITY; GRANT SELECT ON users TO authenticated_user',
    ],
    [
      'a database in which the service may make temporary tables',
      'R26',
      `DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO authenticated_user', current_database()); END $$`,
    ],
    [
      'an audit trail that keeps secrets',
      'audit',
      `CREATE OR REPLACE FUNCTION audit_tenant_access() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
       BEGIN
         INSERT INTO public.audit_log (tenant_id, table_name, operation, new_data)
         VALUES (coalesce(to_jsonb(NEW) ->> 'tenant_id', to_jsonb(NEW) ->> 'id')::uuid, TG_TABLE_NAME, TG_OP, to_jsonb(NEW));
         RETURN NULL;
       END $$`,
    ],
  ];

  it.each(DAMAGES)('shows %s (%s)', async (_what, id, damage) => {
    expect(await faultsAfter(damage, requirements(id))).toContainEqual(
      expect.stringMatching(new RegExp(`^${id}:`)),
    );
  });
});
