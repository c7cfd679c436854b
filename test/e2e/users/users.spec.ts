import type { Permission, Role } from '@poc-tracker/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceFixture } from '../service.fixture.js';

interface User {
  id: string;
  email: string;
  role: Role;
  permissions: Permission[];
}

interface Page {
  items: User[];
  nextCursor: string | null;
}

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
});

afterAll(async () => {
  await service?.stop();
});

/** Creates a tenant whose users log in by role. */
async function workspace() {
  const tenant = await service.tenant({ maxUsers: 20 });
  return {
    ...tenant,
    join: async (role: Role, permissions: Permission[] = []) => {
      const user = await service.user(tenant.tenantId, { role, permissions });
      const { tokens } = await service.login(tenant.host, user);
      return { ...user, token: tokens.accessToken };
    },
  };
}

const list = (token: string, query: Record<string, string> = {}) =>
  service.call<Page>('GET', '/auth/users', { token, query });

const assign = (token: string, userId: string, body: object) =>
  service.call<User>('POST', `/auth/users/${userId}/role`, { token, body });

const roleOf = async (userId: string) =>
  (await service.sql<{ role: Role }>('SELECT role FROM users WHERE id = $1', [userId]))[0]?.role;

describe('The list of users', () => {
  it('returns every user of the tenant once, page by page, and no others', async () => {
    const [mine, other] = [await workspace(), await workspace()];
    const { token } = await mine.join('manager');
    await other.join('user');
    const ids: string[] = [];
    for (let index = 0; index < 11; index += 1) {
      ids.push(
        (await service.user(mine.tenantId, { status: index % 2 ? 'suspended' : 'active' })).userId,
      );
    }
    const found: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const answer = await list(token, { limit: '5', ...(cursor !== null && { cursor }) });
      expect(answer.status).toBe(200);
      expect(answer.text).not.toMatch(/hash|argon2/i);
      found.push(...answer.data.items.map(({ id }) => id));
      cursor = answer.data.nextCursor;
      pages += 1;
    } while (cursor !== null && pages < 10);
    expect(pages).toBe(3);
    expect(found).toHaveLength(12);
    expect(new Set(found).size).toBe(12);
    expect(found).toEqual(expect.arrayContaining(ids));
  });

  it.each(['0', '101', 'many', '1.5', ''])('refuses a limit of "%s"', async (limit) => {
    const { token } = await (await workspace()).join('manager');
    const answer = await list(token, { limit });
    expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    expect((answer.error.details as { field: string }[])[0]?.field).toBe('limit');
  });

  it('filters by role, status and search text on every page', async () => {
    const { tenantId, join } = await workspace();
    const { token } = await join('admin');
    for (let index = 0; index < 6; index += 1) {
      await service.user(tenantId, {
        firstName: index % 2 ? 'Júlia' : 'Bruno',
        lastName: `Souza ${index}`,
        email: `p${index}@example.com`,
        role: index < 3 ? 'viewer' : 'user',
        status: index === 1 ? 'suspended' : 'active',
      });
    }
    const emails = async (query: Record<string, string>) => {
      const found: string[] = [];
      let cursor: string | null = null;
      do {
        const { data, status }: { data: Page; status: number } = await list(token, {
          ...query,
          limit: '2',
          ...(cursor !== null && { cursor }),
        });
        expect(status).toBe(200);
        found.push(...data.items.map(({ email }) => email.slice(0, 2)));
        cursor = data.nextCursor;
      } while (cursor !== null);
      return found.sort();
    };
    expect(await emails({ role: 'viewer' })).toEqual(['p0', 'p1', 'p2']);
    expect(await emails({ role: 'viewer', status: 'active' })).toEqual(['p0', 'p2']);
    expect(await emails({ q: 'julia' })).toEqual(['p1', 'p3', 'p5']);
    expect(await emails({ q: 'JÚLIA SOUZA 3' })).toEqual(['p3']);
    expect(await emails({ q: 'souza' })).toHaveLength(6);
    expect(await emails({ q: 'P4@' })).toEqual(['p4']);
    expect(await emails({ q: 'julia', role: 'user' })).toEqual(['p3', 'p5']);
    expect(await emails({ q: "%' OR 1=1 --" })).toEqual([]);
  });

  it.each([
    ['role', 'owner'],
    ['status', ''],
    ['customRoleId', 'x'],
    ['q', ''],
    ['q', 'a\u0000b'],
    ['q', 'x'.repeat(101)],
    ['order', 'email'],
  ])('refuses the filter %s of "%s"', async (field, value) => {
    const { token } = await (await workspace()).join('manager');
    const answer = await list(token, { [field]: value });
    expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    expect((answer.error.details as { field: string }[])[0]?.field).toBe(field);
  });

  it('refuses the cursor of another tenant', async () => {
    const [mine, other] = [await workspace(), await workspace()];
    const [me, them] = [await mine.join('admin'), await other.join('admin')];
    await other.join('user');
    const { nextCursor } = (await list(them.token, { limit: '1' })).data;
    const answer = await list(me.token, { cursor: nextCursor ?? '' });
    expect(answer).toMatchObject({ status: 400, error: { details: [{ field: 'cursor' }] } });
  });

  it('refuses a search cursor that no page has returned', async () => {
    const { tenantId, join } = await workspace();
    const { token } = await join('admin');
    for (let index = 0; index < 3; index += 1) await service.user(tenantId, { firstName: 'Rui' });
    const cursor = (await list(token, { limit: '1', q: 'rui' })).data.nextCursor ?? '';
    expect((await list(token, { q: 'rui', limit: '1', cursor })).status).toBe(200);
    const bytes = Buffer.from(cursor, 'base64url');
    // The cursor contains the source, the id and the key after the tenant and the filter.
    const forged = (position: string): string =>
      Buffer.concat([bytes.subarray(0, 24), Buffer.from(position)]).toString('base64url');
    for (const position of [
      '',
      '3',
      '1no id',
      `9${bytes.toString('utf8', 25)}`,
      `1${'x'.repeat(36)}`,
    ])
      expect(await list(token, { q: 'rui', cursor: forged(position) })).toMatchObject({
        status: 400,
        error: { details: [{ field: 'cursor' }] },
      });
    const nul = forged(`${bytes.toString('utf8', 24)}\0`);
    expect((await list(token, { q: 'rui', cursor: nul })).status).toBe(400);
    expect((await list(token, { cursor })).status).toBe(400);
  });

  it('refuses the cursor of another filter or of another list', async () => {
    const { tenantId, join } = await workspace();
    const { token } = await join('admin');
    for (let index = 0; index < 3; index += 1) await service.user(tenantId, { role: 'user' });
    const cursor = (await list(token, { limit: '1', role: 'user' })).data.nextCursor ?? '';
    expect((await list(token, { role: 'user', limit: '2', cursor })).status).toBe(200);
    const refused = [
      await list(token, { cursor }),
      await list(token, { role: 'viewer', cursor }),
      await list(token, { role: 'user', q: 'a', cursor }),
      await service.call('GET', '/auth/roles', { token, query: { cursor } }),
      await service.call('GET', '/auth/invitations', { token, query: { cursor } }),
      await service.call('GET', '/auth/invitation-links', { token, query: { cursor } }),
    ];
    for (const answer of refused)
      expect(answer).toMatchObject({ status: 400, error: { details: [{ field: 'cursor' }] } });
  });

  it('requires the permission', async () => {
    const { token } = await (await workspace()).join('user');
    expect(await list(token)).toMatchObject({
      status: 403,
      error: { code: 'INSUFFICIENT_PERMISSIONS', details: { required: ['manage_users'] } },
    });
  });
});

describe('A role change', () => {
  it('takes effect from the next request of the user on, with the same token', async () => {
    const { join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    expect((await list(user.token)).status).toBe(403);
    const answer = await assign(admin.token, user.userId, { role: 'manager' });
    expect(answer).toMatchObject({
      status: 200,
      data: {
        id: user.userId,
        role: 'manager',
        permissions: ['manage_users', 'manage_invites', 'view_usage', 'create_pocs', 'manage_pocs'],
      },
    });
    expect((await list(user.token)).status).toBe(200);
    await assign(admin.token, user.userId, { role: 'user' });
    expect((await list(user.token)).status).toBe(403);
  });

  it('sets personal permissions, and keeps them if the request does not name them', async () => {
    const { join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    const granted = await assign(admin.token, user.userId, {
      role: 'user',
      permissions: ['view_usage'],
    });
    expect(granted.data.permissions).toEqual(['view_usage', 'create_pocs']);
    expect((await assign(admin.token, user.userId, { role: 'viewer' })).data.permissions).toEqual([
      'view_usage',
    ]);
    const taken = await assign(admin.token, user.userId, { role: 'viewer', permissions: [] });
    expect(taken.data.permissions).toEqual([]);
  });

  it("is refused if it raises the caller's role or another user's role above it", async () => {
    const { join } = await workspace();
    const [admin, manager, user] = [await join('admin'), await join('manager'), await join('user')];
    const refused = [
      await assign(manager.token, manager.userId, { role: 'admin' }),
      await assign(admin.token, admin.userId, { role: 'viewer' }),
      await assign(manager.token, user.userId, { role: 'admin' }),
      await assign(manager.token, admin.userId, { role: 'viewer' }),
      await assign(user.token, user.userId, { role: 'admin' }),
    ];
    for (const { status, error } of refused) {
      expect([status, error.code]).toEqual([403, 'INSUFFICIENT_PERMISSIONS']);
    }
    const reasons = refused.slice(0, 3).map(({ error }) => error.details);
    expect(reasons).toEqual([
      { reason: 'own_role' },
      { reason: 'own_role' },
      { reason: 'role_above_own' },
    ]);
    expect(await Promise.all([admin, manager, user].map(({ userId }) => roleOf(userId)))).toEqual([
      'admin',
      'manager',
      'user',
    ]);
  });

  it('is allowed for a user with manage_users, among users who are not above them', async () => {
    const { join } = await workspace();
    const [helper, viewer] = [await join('user', ['manage_users']), await join('viewer')];
    expect((await list(helper.token)).status).toBe(200);
    expect((await assign(helper.token, viewer.userId, { role: 'user' })).status).toBe(200);
    const answer = await assign(helper.token, viewer.userId, { role: 'manager' });
    expect(answer).toMatchObject({ status: 403, error: { details: { reason: 'role_above_own' } } });
    expect(await roleOf(viewer.userId)).toBe('user');
  });

  it('answers the id of a user of another tenant like an unknown id', async () => {
    const [mine, other] = [await workspace(), await workspace()];
    const [admin, foreigner] = [await mine.join('admin'), await other.join('user')];
    const answers = [
      await assign(admin.token, foreigner.userId, { role: 'admin' }),
      await assign(admin.token, '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f', { role: 'admin' }),
    ];
    const bare = answers.map(({ status, error }) => ({
      status,
      error: { ...error, requestId: '' },
    }));
    expect(bare[0]).toMatchObject({ status: 404, error: { code: 'NOT_FOUND' } });
    expect(bare[0]).toEqual(bare[1]);
    expect(await roleOf(foreigner.userId)).toBe('user');
  });

  it.each([
    ['role', { role: 'owner' }],
    ['role', {}],
    ['permissions', { role: 'user', permissions: ['everything'] }],
    ['permissions', { role: 'user', permissions: null }],
    ['status', { role: 'user', status: 'active' }],
  ])('refuses an invalid field and names it: %s', async (field, body) => {
    const { join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    const answer = await assign(admin.token, user.userId, body);
    expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    expect((answer.error.details as { field: string }[])[0]?.field).toBe(field);
  });
});

describe('The last admin of a tenant', () => {
  it('remains when two admins demote each other at once', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { join } = await workspace();
      const [one, two] = [await join('admin'), await join('admin')];
      const answers = await Promise.all([
        assign(one.token, two.userId, { role: 'user' }),
        assign(two.token, one.userId, { role: 'user' }),
      ]);
      const roles = [await roleOf(one.userId), await roleOf(two.userId)];
      expect(roles.filter((role) => role === 'admin')).toHaveLength(1);
      const refusal = answers.find(({ status }) => status !== 200);
      // The second one is refused by the trigger, or by the service if the first was faster.
      expect(['LAST_ADMIN', 'INSUFFICIENT_PERMISSIONS']).toContain(refusal?.error.code);
    }
  });
});
