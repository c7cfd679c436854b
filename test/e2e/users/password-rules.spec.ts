import { describe, expect, it } from 'vitest';
import { type Login } from '../service.fixture.js';
import {
  create,
  logIn,
  newcomer,
  requireChange,
  service,
  useUserAdmin,
  workspace,
} from './user-admin.fixture.js';

useUserAdmin();

const FOURTEEN = '9v#Lq2!xKw7@Zt';
const FIFTEEN = `${FOURTEEN}4`;

const tooShort = (field: string, minLength: number) => ({
  status: 400,
  error: {
    code: 'VALIDATION_ERROR',
    details: [
      {
        field,
        reason: 'too_short',
        minLength,
        message: expect.stringContaining(`at least ${minLength} characters`) as string,
      },
    ],
  },
});

const change = (token: string, security: object) =>
  service.call('PATCH', '/tenants/current/settings', { token, body: { security } });

async function strictWorkspace(security: object) {
  const tenant = await workspace();
  const admin = await tenant.join('admin');
  expect((await change(admin.token, security)).status).toBe(200);
  return { ...tenant, admin };
}

const register = (host: string, email: string, password: string, inviteToken?: string) =>
  service.call<Login>('POST', '/auth/register', {
    host,
    body: {
      email,
      password,
      firstName: 'Bia',
      lastName: 'Lima',
      ...(inviteToken !== undefined && { inviteToken }),
    },
  });

const replace = (token: string, currentPassword: string, newPassword: string) =>
  service.call<Login['tokens']>('PUT', '/auth/password', {
    token,
    body: { currentPassword, newPassword },
  });

const renew = (host: string, email: string, currentPassword: string, newPassword: string) =>
  service.call<Login>('POST', '/auth/password/renew', {
    host,
    body: { email, currentPassword, newPassword },
  });

describe("A tenant's minimum length of passwords", () => {
  it('holds for registrations, with an invitation as well, and for no other tenant', async () => {
    const { host, admin } = await strictWorkspace({ passwordMinLength: 15 });
    expect(await register(host, 'bia@x.example', FOURTEEN)).toMatchObject(tooShort('password', 15));
    expect((await register(host, 'bia@x.example', FIFTEEN)).status).toBe(201);
    const invited = await service.call<{ token: string }>('POST', '/auth/invitations', {
      token: admin.token,
      body: { email: 'rui@x.example', role: 'user' },
    });
    const { token } = invited.data;
    expect(await register(host, 'rui@x.example', FOURTEEN, token)).toMatchObject(
      tooShort('password', 15),
    );
    expect((await register(host, 'rui@x.example', FIFTEEN, token)).status).toBe(201);
    const other = await workspace();
    expect((await register(other.host, 'bia@x.example', FOURTEEN)).status).toBe(201);
  });

  it('holds for the next password of a user, whose present one stays valid', async () => {
    const { host, join, admin } = await strictWorkspace({ passwordMinLength: 8 });
    const user = await join('user');
    const shorter = await replace(user.token, user.password, FOURTEEN);
    expect(shorter.status).toBe(200);
    await change(admin.token, { passwordMinLength: 15 });
    expect((await logIn(host, user.email, FOURTEEN)).status).toBe(200);
    const { accessToken } = shorter.data;
    const another = `w${FOURTEEN.slice(1)}`;
    expect(await replace(accessToken, FOURTEEN, another)).toMatchObject(
      tooShort('newPassword', 15),
    );
    expect((await replace(accessToken, FOURTEEN, FIFTEEN)).status).toBe(200);
  });

  it('holds for a renewal and for a password that an admin gives, and not for a generated one', async () => {
    const { host, join, admin } = await strictWorkspace({ passwordMinLength: 64 });
    const user = await join('user');
    await requireChange(admin.token, user.userId);
    expect(await renew(host, user.email, user.password, FIFTEEN)).toMatchObject(
      tooShort('newPassword', 64),
    );
    const long = FIFTEEN.repeat(4) + FOURTEEN.slice(0, 4);
    expect((await renew(host, user.email, user.password, long)).status).toBe(200);
    const given = await create(admin.token, newcomer('bia@x.example', { password: FIFTEEN }));
    expect(given).toMatchObject(tooShort('password', 64));
    const made = await create(admin.token, newcomer('bia@x.example'));
    const temporary = made.data.temporaryPassword ?? '';
    expect((await renew(host, 'bia@x.example', temporary, FIFTEEN)).status).toBe(400);
    expect((await renew(host, 'bia@x.example', temporary, long)).status).toBe(200);
  });

  it.each([7, 65, 15.5, '15', true])('cannot be %j', async (passwordMinLength) => {
    const { join } = await workspace();
    const answer = await change((await join('admin')).token, { passwordMinLength });
    expect(answer).toMatchObject({
      status: 400,
      error: {
        details: [
          { field: 'security.passwordMinLength', message: 'must be a whole number from 8 to 64' },
        ],
      },
    });
  });
});
