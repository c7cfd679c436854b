import { describe, expect, it } from 'vitest';
import { bare, UNKNOWN_ID } from './users.fixture.js';
import { GOOD_PASSWORD, type Login } from '../service.fixture.js';
import {
  act,
  create,
  logIn,
  newcomer,
  read,
  service,
  useUserAdmin,
  workspace,
} from './user-admin.fixture.js';

useUserAdmin();

describe('A user created by an admin', () => {
  it('logs in after choosing a password, and other users learn nothing of the account', async () => {
    const { host, join } = await workspace();
    const { token } = await join('admin');
    const made = await create(token, newcomer(' BIA@Example.com '));
    expect(made).toMatchObject({
      status: 201,
      data: {
        user: {
          email: 'bia@example.com',
          role: 'user',
          status: 'active',
          mustChangePassword: true,
        },
      },
    });
    const temporary = made.data.temporaryPassword ?? '';
    expect(temporary).toMatch(/^([a-z2-9]{5}-){3}[a-z2-9]{5}$/);
    expect((await read(token, made.data.user.id)).text).not.toContain(temporary);

    const email = 'bia@example.com';
    const stranger = await logIn(host, email, 'not the password');
    expect(stranger.error.code).toBe('INVALID_CREDENTIALS');
    expect(bare(stranger)).toEqual(bare(await logIn(host, 'unknown@example.com', temporary)));
    expect(await logIn(host, email, temporary)).toMatchObject({
      status: 403,
      error: { code: 'PASSWORD_CHANGE_REQUIRED' },
    });
    expect(
      await service.sql('SELECT FROM user_sessions WHERE user_id = $1', [made.data.user.id]),
    ).toEqual([]);

    const renew = (currentPassword: string, newPassword: string) =>
      service.call<Login>('POST', '/auth/password/renew', {
        host,
        body: { email, currentPassword, newPassword, deviceId: 'phone' },
      });
    expect((await renew('not the password', GOOD_PASSWORD)).error.code).toBe('INVALID_CREDENTIALS');
    const same = await renew(temporary, temporary);
    expect(same).toMatchObject({ status: 400, error: { details: [{ field: 'newPassword' }] } });
    const renewed = await renew(temporary, GOOD_PASSWORD);
    expect(renewed).toMatchObject({ status: 200, data: { user: { mustChangePassword: false } } });
    expect(await service.probe(renewed.data.tokens.accessToken)).toBe('accepted');
    const sessions = await act('GET', '/sessions')(token, made.data.user.id);
    expect(sessions.data).toMatchObject({ items: [{ deviceId: 'phone', current: false }] });
    expect((await logIn(host, email, temporary)).error.code).toBe('INVALID_CREDENTIALS');
    expect((await logIn(host, email, GOOD_PASSWORD)).status).toBe(200);
  });

  it('can be given a password, which must satisfy the policy', async () => {
    const { host, join } = await workspace();
    const { token } = await join('manager');
    const weak = await create(token, newcomer('bia@example.com', { password: '12345678' }));
    expect(weak).toMatchObject({ status: 400, error: { details: [{ field: 'password' }] } });
    const made = await create(token, newcomer('bia@example.com', { password: GOOD_PASSWORD }));
    expect(made).toMatchObject({ status: 201, data: { temporaryPassword: null } });
    expect((await logIn(host, 'bia@example.com', GOOD_PASSWORD)).error.code).toBe(
      'PASSWORD_CHANGE_REQUIRED',
    );
    const twice = await create(token, newcomer('BIA@example.com'));
    expect(twice).toMatchObject({ status: 409, error: { code: 'USER_EXISTS' } });
  });

  it('takes a seat, exactly, when many are created at once', async () => {
    const { join, tenantId } = await workspace(8);
    const { token } = await join('admin');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => create(token, newcomer(`n${index}@example.com`))),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(7);
    for (const { error } of answers.filter(({ status }) => status !== 201)) {
      expect(error).toMatchObject({
        code: 'USER_LIMIT_EXCEEDED',
        details: { limits: { maxUsers: 8 }, usage: { users: 8 } },
      });
    }
    const [{ count } = { count: 0 }] = await service.sql<{ count: number }>(
      'SELECT count(*)::int AS count FROM users WHERE tenant_id = $1',
      [tenantId],
    );
    expect(count).toBe(8);
  });

  it.each<[string, object]>([
    ['email', { email: 'no address' }],
    ['email', { email: null }],
    ['firstName', { firstName: 'A\nB' }],
    ['lastName', { lastName: '' }],
    ['lastName', { lastName: 'x'.repeat(51) }],
    ['role', { role: 'owner' }],
    ['role', { role: ['admin'] }],
    ['password', { password: null }],
    ['permissions', { permissions: ['manage_users'] }],
    ['tenantId', { tenantId: UNKNOWN_ID }],
    ['status', { status: 'active' }],
    ['mustChangePassword', { mustChangePassword: false }],
    ['customRoleId', { customRoleId: UNKNOWN_ID }],
    ['id', { id: UNKNOWN_ID }],
  ])('is refused if the field %s is invalid', async (field, wrong) => {
    const { join } = await workspace();
    const { token } = await join('admin');
    const answer = await create(token, newcomer('bia@example.com', wrong));
    expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    expect((answer.error.details as { field: string }[])[0]?.field).toBe(field);
  });
});
