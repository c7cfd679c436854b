import { type Permission, PERMISSIONS } from '@poc-tracker/contracts';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bare, claimsOf, UNKNOWN_ID, type UserRecord, workspaceOf } from './users.fixture.js';
import { ServiceFixture } from '../service.fixture.js';

interface TenantRole {
  id: string;
  name: string;
  description: string | null;
  permissions: Permission[];
}

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
});

afterAll(async () => {
  await service?.stop();
});

const make = (token: string, body: object) =>
  service.call<TenantRole>('POST', '/auth/roles', { token, body });

const read = (token: string, roleId: string) =>
  service.call<TenantRole>('GET', `/auth/roles/${roleId}`, { token });

const change = (token: string, roleId: string, body: object) =>
  service.call<TenantRole>('PATCH', `/auth/roles/${roleId}`, { token, body });

const remove = (token: string, roleId: string) =>
  service.call<null>('DELETE', `/auth/roles/${roleId}`, { token });

const assign = (token: string, userId: string, body: object) =>
  service.call<UserRecord>('POST', `/auth/users/${userId}/role`, { token, body });

const profile = async (token: string) =>
  (await service.call<{ user: UserRecord }>('GET', '/auth/me', { token })).data.user;

/** Creates a tenant with an admin and a custom role with these permissions. */
async function workspace(...permissions: Permission[]) {
  const mine = await workspaceOf(service);
  const admin = await mine.join('admin');
  const role = (await make(admin.token, { name: 'Auditor', permissions })).data;
  return { ...mine, admin, role };
}

describe('The catalog of permissions', () => {
  it('shows every user what each permission allows and which roles have it', async () => {
    const { join } = await workspaceOf(service);
    const { token } = await join('viewer');
    const answer = await service.call<{
      items: { name: string; description: string; roles: string[] }[];
      nextCursor: null;
    }>('GET', '/auth/permissions', { token });
    const { items, nextCursor } = answer.data;
    expect(nextCursor).toBeNull();
    expect(items.map(({ name }) => name)).toEqual([...PERMISSIONS]);
    expect(items.every(({ description }) => description.length > 10)).toBe(true);
    expect(items.find(({ name }) => name === 'view_usage')?.roles).toEqual(['manager', 'admin']);
  });
});

describe('A custom role', () => {
  it('can be created, read, updated, listed and deleted', async () => {
    const { admin } = await workspace();
    const made = await make(admin.token, {
      name: '  Support  ',
      description: 'Helps.',
      permissions: ['view_usage', 'manage_users'],
    });
    expect(made).toMatchObject({
      status: 201,
      data: {
        name: 'Support',
        description: 'Helps.',
        permissions: ['manage_users', 'view_usage'],
      },
    });
    const { id } = made.data;
    expect((await read(admin.token, id)).data).toEqual(made.data);
    const changed = await change(admin.token, id, { name: 'Help', description: null });
    expect(changed.data).toMatchObject({
      name: 'Help',
      description: null,
      permissions: ['manage_users', 'view_usage'],
    });
    const pages: string[] = [];
    let cursor: string | null = null;
    do {
      const answer: { data: { items: TenantRole[]; nextCursor: string | null } } =
        await service.call('GET', '/auth/roles', {
          token: admin.token,
          query: { limit: '1', ...(cursor !== null && { cursor }) },
        });
      pages.push(...answer.data.items.map(({ name }) => name));
      cursor = answer.data.nextCursor;
    } while (cursor !== null && pages.length < 5);
    expect(pages).toEqual(['Auditor', 'Help']);
    expect((await remove(admin.token, id)).status).toBe(200);
    expect((await read(admin.token, id)).status).toBe(404);
    expect((await remove(admin.token, id)).status).toBe(404);
  });

  it('has a unique name in its tenant, different from the built-in roles', async () => {
    const { admin, role } = await workspace();
    for (const name of ['auditor', 'AUDITOR']) {
      expect(await make(admin.token, { name, permissions: [] })).toMatchObject({
        status: 409,
        error: { code: 'ROLE_EXISTS' },
      });
    }
    expect((await make(admin.token, { name: 'Admin', permissions: [] })).status).toBe(400);
    expect((await change(admin.token, role.id, { name: 'MANAGER' })).error.code).toBe(
      'VALIDATION_ERROR',
    );
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => make(admin.token, { name: 'Twin', permissions: [] })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  });

  it.each<[string, object]>([
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(51) }],
    ['name', { name: 'A\u0000B' }],
    ['name', { name: null }],
    ['description', { description: 'x'.repeat(501) }],
    ['permissions', { permissions: ['everything'] }],
    ['permissions', { permissions: ['view_usage', 'view_usage'] }],
    ['permissions', { permissions: 'view_usage' }],
    ['permissions', { permissions: null }],
    ['tenantId', { tenantId: UNKNOWN_ID }],
    ['id', { id: UNKNOWN_ID }],
  ])('is refused if the field %s is invalid', async (field, wrong) => {
    const { admin, role } = await workspace();
    const answers = [
      await make(admin.token, { name: 'Guest', permissions: [], ...wrong }),
      await change(admin.token, role.id, wrong),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
      expect((answer.error.details as { field: string }[])[0]?.field).toBe(field);
    }
  });

  it('is invisible to other tenants, for whom its id answers like an unknown id', async () => {
    const [mine, other] = [await workspace(), await workspace()];
    const { token } = mine.admin;
    const user = await mine.join('user');
    const attempts: ((id: string) => Promise<{ status: number; error: never }>)[] = [
      (id) => read(token, id) as never,
      (id) => change(token, id, { name: 'Mine' }) as never,
      (id) => remove(token, id) as never,
      (id) => assign(token, user.userId, { role: 'user', customRoleId: id }) as never,
    ];
    for (const attempt of attempts) {
      const [foreign, random] = [await attempt(other.role.id), await attempt(UNKNOWN_ID)];
      expect(foreign.status).toBeGreaterThanOrEqual(400);
      expect(bare(foreign as never)).toEqual(bare(random as never));
    }
    const listed = await service.call<{ items: UserRecord[] }>('GET', '/auth/users', {
      token,
      query: { customRoleId: other.role.id },
    });
    expect(listed.data.items).toEqual([]);
  });
});

describe('The permissions of a custom role', () => {
  it('are added to the others in answers, tokens and checks from the next request on', async () => {
    const { admin, role, join, host } = await workspace('view_usage');
    const user = await join('user', ['view_audit']);
    const usage = () => service.call('GET', '/tenants/current/usage', { token: user.token });
    expect((await usage()).status).toBe(403);
    const united: Permission[] = ['view_usage', 'view_audit', 'create_pocs'];
    const given = await assign(admin.token, user.userId, { role: 'user', customRoleId: role.id });
    expect(given).toMatchObject({
      status: 200,
      data: { customRoleId: role.id, customRoleName: 'Auditor', permissions: united },
    });
    expect((await usage()).status).toBe(200);
    expect(await profile(user.token)).toMatchObject({ permissions: united });
    const login = await service.login(host, user);
    expect(claimsOf(login.tokens.accessToken)['permissions']).toEqual(united);
    expect(login.user['permissions']).toEqual(united);
    const refreshed = await service.refresh(user.refreshToken);
    expect(claimsOf(refreshed.data.accessToken)['permissions']).toEqual(united);

    // A role change keeps what it does not name.
    const kept = await assign(admin.token, user.userId, { role: 'viewer' });
    expect(kept.data).toMatchObject({ customRoleId: role.id, role: 'viewer' });
    const taken = await assign(admin.token, user.userId, { role: 'viewer', customRoleId: null });
    expect(taken.data).toMatchObject({ customRoleId: null, permissions: ['view_audit'] });
    expect((await usage()).status).toBe(403);
  });

  it('change at once for every user who has it, in other processes as well', async () => {
    const { admin, role, join } = await workspace('view_usage');
    const members = [await join('user'), await join('viewer'), await join('user')];
    for (const { userId } of members)
      await assign(admin.token, userId, { role: 'user', customRoleId: role.id });
    const other = await service.restarted();
    try {
      const usage = async (where: ServiceFixture, token: string) =>
        (await where.call('GET', '/tenants/current/usage', { token })).status;
      for (const { token } of members) expect(await usage(other, token)).toBe(200);
      expect((await change(admin.token, role.id, { permissions: [] })).status).toBe(200);
      const changedAt = Date.now();
      for (const { token } of members) {
        expect(await usage(service, token)).toBe(403);
        let status = 200;
        while (status === 200 && Date.now() - changedAt < 5_000) status = await usage(other, token);
        expect(status).toBe(403);
      }
      expect(Date.now() - changedAt).toBeLessThan(1_000);
    } finally {
      await other.app.close();
    }
  });

  it('are sufficient on their own', async () => {
    const { admin, role, join } = await workspace('manage_users', 'manage_roles');
    const [helper, viewer] = [await join('user'), await join('viewer')];
    expect((await make(helper.token, { name: 'Guest', permissions: [] })).status).toBe(403);
    await assign(admin.token, helper.userId, { role: 'user', customRoleId: role.id });
    expect((await make(helper.token, { name: 'Guest', permissions: [] })).status).toBe(201);
    expect((await assign(helper.token, viewer.userId, { role: 'user' })).status).toBe(200);
  });

  it('prevent its deletion while users have it, and a deleted role cannot be assigned', async () => {
    const { admin, role, join } = await workspace();
    const user = await join('user');
    await assign(admin.token, user.userId, { role: 'user', customRoleId: role.id });
    expect(await remove(admin.token, role.id)).toMatchObject({
      status: 409,
      error: { code: 'ROLE_IN_USE' },
    });
    await assign(admin.token, user.userId, { role: 'user', customRoleId: null });
    expect((await remove(admin.token, role.id)).status).toBe(200);
    expect(
      await assign(admin.token, user.userId, { role: 'user', customRoleId: role.id }),
    ).toMatchObject({ status: 400, error: { details: [{ field: 'customRoleId' }] } });
  });

  it('never point to a missing role when it is assigned and deleted at the same moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { admin, role, join } = await workspace();
      const user = await join('user');
      const [given, removed] = await Promise.all([
        assign(admin.token, user.userId, { role: 'user', customRoleId: role.id }),
        remove(admin.token, role.id),
      ]);
      expect([given.status, removed.status].filter((status) => status === 200)).toHaveLength(1);
      expect(Math.max(given.status, removed.status)).toBeLessThan(500);
    }
  });
});

describe('A user cannot grant or revoke a permission that they lack', () => {
  /** Creates a manager who may create roles. */
  async function scene() {
    const { admin, join, ...rest } = await workspace('view_audit', 'view_usage');
    return { ...rest, admin, join, maker: await join('manager', ['manage_roles']) };
  }
  const workspaceWithMaker = async () => {
    const { join, ...rest } = await workspace('view_usage');
    return { ...rest, join, maker: await join('manager') };
  };
  /** Waits until a statement of the service waits for another transaction. */
  const waitingForLock = () =>
    vi.waitFor(async () => {
      const waiting = await service.sql(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      expect(waiting).toHaveLength(1);
    });
  const lacks = (...required: Permission[]) => ({
    status: 403,
    error: {
      code: 'INSUFFICIENT_PERMISSIONS',
      details: { reason: 'permission_not_held', required },
    },
  });

  it('by creating a role', async () => {
    const { maker } = await scene();
    expect(
      await make(maker.token, { name: 'Spy', permissions: ['view_audit', 'view_usage'] }),
    ).toMatchObject(lacks('view_audit'));
    expect(
      (await make(maker.token, { name: 'Guest', permissions: ['view_usage', 'manage_roles'] }))
        .status,
    ).toBe(201);
  });

  it('by updating a role', async () => {
    const { maker, role } = await scene();
    expect(
      await change(maker.token, role.id, { permissions: ['view_audit', 'manage_settings'] }),
    ).toMatchObject(lacks('manage_settings'));
    expect(await change(maker.token, role.id, { permissions: [] })).toMatchObject(
      lacks('view_audit'),
    );
    expect((await change(maker.token, role.id, { permissions: ['view_audit'] })).status).toBe(200);
    expect((await change(maker.token, role.id, { name: 'Renamed' })).status).toBe(200);
  });

  it('by assigning a role or taking it away', async () => {
    const { admin, maker, role, join } = await scene();
    const user = await join('user');
    expect(
      await assign(maker.token, user.userId, { role: 'user', customRoleId: role.id }),
    ).toMatchObject(lacks('view_audit'));
    await assign(admin.token, user.userId, { role: 'user', customRoleId: role.id });
    expect(
      await assign(maker.token, user.userId, { role: 'user', customRoleId: null }),
    ).toMatchObject(lacks('view_audit'));
    expect(await profile(user.token)).toMatchObject({ customRoleId: role.id });
  });

  it('by making the permissions of a custom role personal', async () => {
    const { admin, maker, role, join } = await scene();
    const user = await join('user');
    await assign(admin.token, user.userId, { role: 'user', customRoleId: role.id });
    expect(
      await assign(maker.token, user.userId, { role: 'user', permissions: ['view_audit'] }),
    ).toMatchObject(lacks('view_audit'));
    const taken = await assign(admin.token, user.userId, { role: 'user', customRoleId: null });
    expect(taken.data.permissions).not.toContain('view_audit');
  });

  it('by assigning a role while another user adds that permission to it', async () => {
    const { maker, join, role } = await workspaceWithMaker();
    const user = await join('user');
    const client = new pg.Client({ connectionString: service.database.adminUrl });
    await client.connect();
    try {
      // The service also locks the row of a role before it writes it.
      await client.query('BEGIN');
      await client.query('SELECT FROM tenant_roles WHERE id = $1 FOR UPDATE', [role.id]);
      await client.query(`UPDATE tenant_roles SET permissions = '["view_audit"]' WHERE id = $1`, [
        role.id,
      ]);
      const given = assign(maker.token, user.userId, { role: 'user', customRoleId: role.id });
      await waitingForLock();
      await client.query('COMMIT');
      expect(await given).toMatchObject(lacks('view_audit'));
    } finally {
      await client.end();
    }
    expect(await profile(user.token)).toMatchObject({ customRoleId: null });
  });

  it('by updating their own role or a role of users above them', async () => {
    const { admin, role, join } = await workspace('manage_roles', 'view_usage');
    const [maker, manager] = [await join('user'), await join('manager')];
    await assign(admin.token, maker.userId, { role: 'user', customRoleId: role.id });
    expect(await change(maker.token, role.id, { permissions: ['manage_roles'] })).toMatchObject({
      status: 403,
      error: { details: { reason: 'own_role' } },
    });
    const helped = (await make(admin.token, { name: 'Other', permissions: ['view_usage'] })).data;
    await assign(admin.token, manager.userId, { role: 'manager', customRoleId: helped.id });
    expect(await change(maker.token, helped.id, { permissions: [] })).toMatchObject({
      status: 403,
      error: { details: { reason: 'user_above_own_role' } },
    });
  });
});

describe('The audit log of roles', () => {
  it('records who created, updated and deleted which role', async () => {
    const { admin, role, tenantId } = await workspace('view_usage');
    await change(admin.token, role.id, { permissions: ['view_audit'] });
    await remove(admin.token, role.id);
    const events = await service.sql<{ type: string; actor_id: string; target_id: string }>(
      `SELECT type, actor_id, target_id FROM security_events
        WHERE tenant_id = $1 AND target_type = 'role' ORDER BY id`,
      [tenantId],
    );
    expect(events).toEqual(
      ['role.created', 'role.updated', 'role.deleted'].map((type) => ({
        type,
        actor_id: admin.userId,
        target_id: role.id,
      })),
    );
    const rows = await service.sql(
      `SELECT operation FROM audit_log WHERE tenant_id = $1 AND table_name = 'tenant_roles' ORDER BY id`,
      [tenantId],
    );
    expect(rows).toHaveLength(3);
  });
});
