import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requirements, VulnerableDatabase } from '../isolation.fixture.js';

const TENANT = `(select nullif(current_setting('app.current_tenant_id', true), '')::uuid)`;

const LASTING_CONTEXT = `
  CREATE OR REPLACE FUNCTION set_user_context(
    p_tenant uuid, p_user uuid, p_role text, p_permissions text[] DEFAULT NULL) RETURNS void LANGUAGE sql
  AS $$ SELECT set_config('app.current_tenant_id', p_tenant::text, false),
               set_config('app.user_role', p_role, false) $$`;

let database: VulnerableDatabase;

beforeEach(async () => {
  database = await VulnerableDatabase.create();
});

afterEach(async () => {
  await database.drop();
});

describe('the attempts on the requirements', () => {
  it('find nothing in a database that has all of its protection', async () => {
    // The quick ones.
    const ids = ['R1', 'R2', 'R3', 'R5', 'R7', 'R8', 'R10', 'R11', 'R17', 'R21', 'R23', 'R25'];
    expect(await database.faultsAfter('', requirements(...ids))).toEqual([]);
  });

  it('show a user whose own rank is not compared', async () => {
    const damage = `ALTER POLICY users_update_authenticated_user ON users
      USING ((select has_permission('manage_users'))) WITH CHECK (true)`;
    expect(await database.faultsAfter(damage, requirements('settings'))).toContainEqual(
      expect.stringMatching(/^settings: .*app\.user_role: ""/),
    );
  });

  it('show a login of the service that no policy applies to', async () => {
    const ids = ['R2', 'R3', 'R5', 'R7', 'R8', 'R11', 'R17', 'R23', 'R25'];
    const role = `exempt_${randomBytes(4).toString('hex')}`;
    const serviceUrl = new URL(database.urls.serviceUrl);
    serviceUrl.username = role;
    serviceUrl.password = 'exempt';
    try {
      const damage = `CREATE ROLE ${role} LOGIN BYPASSRLS PASSWORD 'exempt' IN ROLE authenticated_user;
        GRANT CONNECT ON DATABASE ${database.urls.name} TO ${role}`;
      const faults = await database.faultsAfter(damage, requirements(...ids), {
        serviceUrl: serviceUrl.href,
      });
      for (const id of ids) {
        expect(faults).toContainEqual(expect.stringMatching(new RegExp(`^${id}:`)));
      }
    } finally {
      await database.execute(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
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
    [
      'a table that the service may truncate',
      'R10',
      'GRANT TRUNCATE ON pocs TO authenticated_user',
    ],
    [
      'a tenant policy that checks no new row',
      'R9',
      'ALTER POLICY tenant_settings_tenant_isolation ON tenant_settings WITH CHECK (true)',
    ],
    ['a view with the rights of its owner', 'R11', 'CREATE VIEW all_users AS SELECT * FROM users'],
    [
      'a definer function that finds users of every tenant',
      'R11',
      `CREATE OR REPLACE FUNCTION find_credentials(p_email text)
         RETURNS TABLE (id uuid, password_hash text, status text, must_change_password boolean, expired boolean, has_factor boolean)
         LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
         AS $$ SELECT u.id, u.password_hash, u.status, u.must_change_password, false, false FROM public.users u WHERE u.email = p_email $$`,
    ],
    [
      'a definer function that the report does not know',
      'R11',
      `CREATE FUNCTION public.count_users() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
         AS $$ SELECT count(*) FROM public.users $$;
       ALTER FUNCTION public.count_users() OWNER TO tenant_gatekeeper;
       REVOKE ALL ON FUNCTION public.count_users() FROM PUBLIC;
       GRANT EXECUTE ON FUNCTION public.count_users() TO tracker_user`,
    ],
    [
      'an invitation that users of another tenant can use',
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
      `CREATE OR REPLACE FUNCTION settle_uploads(p_files uuid[], p_release boolean)
         RETURNS TABLE (file uuid, complete boolean)
         LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
         AS $$ SELECT f.id, f.uploaded_at IS NOT NULL FROM public.poc_files f WHERE f.id = ANY (p_files) $$`,
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
      'a database in which every login may store large objects',
      'logins',
      'GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC',
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
      'an audit log that keeps secrets',
      'audit',
      `CREATE OR REPLACE FUNCTION audit_tenant_access() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
       BEGIN
         INSERT INTO public.audit_log (tenant_id, table_name, operation, new_data)
         VALUES (coalesce(to_jsonb(NEW) ->> 'tenant_id', to_jsonb(NEW) ->> 'id')::uuid, TG_TABLE_NAME, TG_OP, to_jsonb(NEW));
         RETURN NULL;
       END $$`,
    ],
  ];

  it.each(DAMAGES)('show %s (%s)', async (_what, id, damage) => {
    expect(await database.faultsAfter(damage, requirements(id))).toContainEqual(
      expect.stringMatching(new RegExp(`^${id}:`)),
    );
  });
});
