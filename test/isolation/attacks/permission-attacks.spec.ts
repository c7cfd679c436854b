import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onTable, onTables, VulnerableDatabase } from '../isolation.fixture.js';
import { attackPermissions } from './permission-attacks.js';

let database: VulnerableDatabase;

beforeEach(async () => {
  database = await VulnerableDatabase.create();
});

afterEach(async () => {
  await database.drop();
});

describe('the attacks on permissions', () => {
  it('find nothing in tables that ask for the right permissions', async () => {
    const tables = ['audit_log', 'invites', 'tenant_roles', 'tenant_settings', 'tenant_usage'];
    expect(await database.faultsAfter('', onTables(tables, attackPermissions))).toEqual([]);
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
      'custom roles that users without them can read',
      'tenant_roles',
      'ALTER POLICY tenant_roles_select_authenticated_user ON tenant_roles USING (true)',
      [
        'tenant_roles SELECT: a user without manage_roles or manage_users gets 1 row',
        'tenant_roles SELECT: a user without permissions gets 1 row',
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
  ])('show %s', async (_what, table, damage, expected) => {
    const faults = await database.faultsAfter(damage, onTable(table, attackPermissions));
    for (const fault of expected) expect(faults).toContain(fault);
  });
});
