import { describe, expect, it } from 'vitest';
import { GOOD_PASSWORD } from '../service.fixture.js';
import {
  act,
  create,
  deactivate,
  newcomer,
  patch,
  reactivate,
  service,
  suspend,
  useUserAdmin,
  workspace,
} from './user-admin.fixture.js';

useUserAdmin();

const usedBy = async (token: string): Promise<number> => {
  const { data } = await service.call<{ users: { used: number } }>(
    'GET',
    '/tenants/current/usage',
    {
      token,
    },
  );
  return data.users.used;
};

describe('The seats of a tenant', () => {
  it.each([
    ['suspended', suspend],
    ['deactivated', deactivate],
  ] as const)(
    'are freed by a user who is %s, and taken again by the reactivation',
    async (_what, change) => {
      const { join } = await workspace(2);
      const [admin, user] = [await join('admin'), await join('user')];
      expect(await usedBy(admin.token)).toBe(2);
      await change(admin.token, user.userId);
      expect(await usedBy(admin.token)).toBe(1);
      const second = await create(admin.token, newcomer('bia@example.com'));
      expect(second.status).toBe(201);
      expect(await reactivate(admin.token, user.userId)).toMatchObject({
        status: 403,
        error: { code: 'USER_LIMIT_EXCEEDED' },
      });
      await act('DELETE')(admin.token, second.data.user.id);
      expect(await reactivate(admin.token, user.userId)).toMatchObject({
        status: 200,
        data: { status: 'active' },
      });
      expect(await usedBy(admin.token)).toBe(2);
    },
  );

  it('are filled exactly when 50 users register and are reactivated at once', async () => {
    const { host, tenantId, join } = await workspace(8);
    const admin = await join('admin');
    const away: string[] = [];
    for (let index = 0; index < 25; index += 1) {
      const status = index % 2 === 0 ? 'inactive' : 'suspended';
      away.push((await service.user(tenantId, { status })).userId);
    }
    const answers = await Promise.all(
      away.flatMap((userId, index) => [
        reactivate(admin.token, userId),
        service.call('POST', '/auth/register', {
          host,
          body: {
            email: `new-${index}@example.com`,
            password: GOOD_PASSWORD,
            firstName: 'Bia',
            lastName: 'Lima',
          },
        }),
      ]),
    );
    const refused = answers.filter(({ status }) => status >= 400);
    expect(answers.length - refused.length).toBe(7);
    for (const { error } of refused) expect(error.code).toBe('USER_LIMIT_EXCEEDED');
    expect(await usedBy(admin.token)).toBe(8);
  });

  it('are not taken or freed by an update of the status, which has routes of its own', async () => {
    const { join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    for (const status of ['active', 'inactive', 'suspended'])
      expect(await patch(admin.token, user.userId, { status })).toMatchObject({
        status: 400,
        error: { details: [{ field: 'status' }] },
      });
    expect(await usedBy(admin.token)).toBe(2);
  });
});
