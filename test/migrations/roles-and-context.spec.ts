import { PERMISSIONS, permissionsOfRole, ROLES } from '@poc-tracker/contracts';
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Context, useServiceDatabase } from './service-database.js';

const db = useServiceDatabase();

describe('An id that the database creates', () => {
  it('is a UUID of version 7 that grows with time', async () => {
    const { rows } = await db.pool.query<{ id: string }>(
      'SELECT uuid_v7() AS id, pg_sleep(0.002) FROM generate_series(1, 20)',
    );
    const ids = rows.map((row) => row.id);
    expect(
      ids.every((id) =>
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id),
      ),
    ).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    const stamp = Number.parseInt((ids[0] ?? '').replaceAll('-', '').slice(0, 12), 16);
    expect(Math.abs(stamp - Date.now())).toBeLessThan(60_000);
  });
});

describe('role_permissions()', () => {
  it.each(ROLES)('lists the permissions that libs/contracts give to the role %s', async (role) => {
    const { rows } = await db.pool.query<{ permissions: string[] }>(
      'SELECT role_permissions($1) AS permissions',
      [role],
    );
    expect(rows[0]?.permissions.sort()).toEqual([...permissionsOfRole(role)].sort());
  });

  it.each(['super_admin', 'ADMIN', 'admin ', '', null])(
    'lists none for %j, which is no role',
    async (role) => {
      const { rows } = await db.pool.query('SELECT role_permissions($1) AS permissions', [role]);
      expect(rows).toEqual([{ permissions: [] }]);
    },
  );
});

describe('set_user_context()', () => {
  const HELD = `SELECT permission FROM unnest($1::text[]) permission WHERE has_permission(permission)`;
  const heldIn = async (context: Omit<Context, 'tenantId'>): Promise<unknown> =>
    (await db.statement({ tenantId: randomUUID(), ...context }, HELD, [PERMISSIONS])).rows.map(
      (row) => row['permission'],
    );

  it.each(ROLES)(
    'gives the permissions of the role %s if it is called without any',
    async (role) => {
      expect(await heldIn({ role })).toEqual(
        PERMISSIONS.filter((permission) => permissionsOfRole(role).includes(permission)),
      );
      const { rows } = await db.pool.query<{ held: boolean }>(
        `SELECT has_permission('create_pocs') AS held
         FROM (SELECT set_user_context(NULL, NULL, $1)) AS context_of_three_arguments`,
        [role],
      );
      expect(rows[0]?.held).toBe(permissionsOfRole(role).includes('create_pocs'));
    },
  );

  it('gives exactly the permissions that it is called with, whatever the role', async () => {
    expect(await heldIn({ role: 'admin', permissions: [] })).toEqual([]);
    expect(await heldIn({ role: 'viewer', permissions: ['view_audit', 'manage_users'] })).toEqual([
      'manage_users',
      'view_audit',
    ]);
  });
});

describe('has_permission()', () => {
  it.each([
    ['missing', null],
    ['empty', ''],
    ['of commas', 'manage_users,view_audit'],
    ['in upper case', 'MANAGE_USERS'],
    ['of a prefix', 'manage_user'],
    ['with the name in a longer one', 'manage_users_not xmanage_users'],
    ['a wildcard', '% * .* manage_%'],
    ['in quotes', `'manage_users' "manage_users"`],
    ['a JSON array', '["manage_users"]'],
    ['an SQL array', '{manage_users}'],
    ['SQL', `') OR true --`],
    ['tabs and newlines', 'x\tmanage_users\ny'],
    ['very long', 'x'.repeat(1_000_000)],
  ])('is false and no error if the setting is %s', async (_what, setting) => {
    const client = await db.pool.connect();
    try {
      await client.query('BEGIN');
      if (setting !== null)
        await client.query(`SELECT set_config('app.user_permissions', $1, true)`, [setting]);
      const { rows } = await client.query(
        `SELECT has_permission('manage_users') AS named, has_permission(NULL) AS unnamed`,
      );
      expect(rows).toEqual([{ named: false, unnamed: false }]);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  });

  it('can be called by the logins of the services, and by no other', async () => {
    const { rows } = await db.admin.query<{ login: string; allowed: boolean }>(
      `SELECT login, has_function_privilege(login, 'has_permission(text)', 'EXECUTE') AS allowed
         FROM unnest($1::text[]) login`,
      [[db.database.serviceUrl, db.database.trackerUrl, db.database.platformUrl].map(loginOf)],
    );
    expect(rows.map((row) => row.allowed)).toEqual([true, true, false]);
  });
});

function loginOf(url: string): string {
  return new URL(url).username;
}
