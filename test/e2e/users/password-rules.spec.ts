import { argon2id, hash } from 'argon2';
import { describe, expect, it } from 'vitest';
import { PasswordHasher } from '../../../apps/auth-service/src/protection/passwords/password.hasher.js';
import { GOOD_PASSWORD, type Login } from '../service.fixture.js';
import {
  act,
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
        // Users speak Portuguese unless they choose otherwise.
        message: expect.stringMatching(new RegExp(`(at least|pelo menos) ${minLength} `)) as string,
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

describe("A tenant's words", () => {
  it('are refused in the next password of a user, in any case', async () => {
    const { host, join } = await strictWorkspace({ passwordWords: ['Croissant'] });
    const user = await join('user');
    const password = 'uxq-cROISSANT-93!vz';
    expect(await replace(user.token, user.password, password)).toMatchObject({
      status: 400,
      error: { details: [{ field: 'newPassword', reason: 'personal' }] },
    });
    expect((await register(host, 'bia@x.example', password)).status).toBe(400);
    const other = await workspace();
    expect((await register(other.host, 'bia@x.example', password)).status).toBe(201);
  });
});

describe("A tenant's password history", () => {
  const REUSED = {
    status: 400,
    error: { code: 'VALIDATION_ERROR', details: [{ field: 'newPassword', reason: 'reused' }] },
  };
  const PASSWORDS = [
    'quatro cavalos pastam',
    'seven quiet harbors 18',
    'amber kettle river 41',
  ] as const;

  const historyOf = (userId: string) =>
    service.sql<{ hash: string }>(
      'SELECT password_hash AS hash FROM password_history WHERE user_id = $1',
      [userId],
    );

  /** Changes the password from one to the next. @returns the latest answer. */
  async function run(host: string, email: string, ...passwords: string[]) {
    const [from = '', to = '', ...rest] = passwords;
    const answer = await renew(host, email, from, to);
    if (rest.length === 0) return answer;
    expect(answer.status).toBe(200);
    return run(host, email, to, ...rest);
  }

  it('refuses the latest former passwords, and no older ones', async () => {
    const { host, join } = await strictWorkspace({ passwordHistory: 2 });
    const user = await join('user');
    const [first, second, third] = PASSWORDS;
    expect((await run(host, user.email, user.password, first, second, third)).status).toBe(200);
    expect(await renew(host, user.email, third, first)).toMatchObject(REUSED);
    const { tokens } = await service.login(host, { email: user.email, password: third });
    expect(await replace(tokens.accessToken, third, second)).toMatchObject(REUSED);
    expect((await logIn(host, user.email, third)).status).toBe(200);
    expect((await historyOf(user.userId)).length).toBe(2);
    expect((await renew(host, user.email, third, GOOD_PASSWORD)).status).toBe(200);
    expect((await renew(host, user.email, GOOD_PASSWORD, first)).status).toBe(200);
  });

  it('keeps the password that a reset replaces, and no temporary one', async () => {
    const { host, join, admin } = await strictWorkspace({ passwordHistory: 1 });
    const user = await join('user');
    const reset = await service.call<{ temporaryPassword: string }>(
      'POST',
      `/auth/users/${user.userId}/reset-password`,
      { token: admin.token },
    );
    const { temporaryPassword } = reset.data;
    expect((await historyOf(user.userId)).length).toBe(1);
    await change(admin.token, { passwordMinLength: 8 });
    expect((await renew(host, user.email, temporaryPassword, PASSWORDS[0])).status).toBe(200);
    const { tokens } = await service.login(host, { email: user.email, password: PASSWORDS[0] });
    const [kept] = await historyOf(user.userId);
    expect(
      await service.app
        .get(PasswordHasher, { strict: false })
        .verify(kept?.hash ?? '', user.password),
    ).toMatchObject({ valid: true });
    expect((await replace(tokens.accessToken, PASSWORDS[0], PASSWORDS[1])).status).toBe(200);
  });

  it('is not kept unless the tenant sets it, and ends with its setting and with the user', async () => {
    const { host, join, admin } = await strictWorkspace({ passwordHistory: 0 });
    const user = await join('user');
    const [first, second, third] = PASSWORDS;
    await run(host, user.email, user.password, first, second);
    expect(await historyOf(user.userId)).toEqual([]);
    expect((await renew(host, user.email, second, first)).status).toBe(200);
    await change(admin.token, { passwordHistory: 24 });
    await run(host, user.email, first, third, second);
    expect(await historyOf(user.userId)).toHaveLength(2);
    await change(admin.token, { passwordHistory: 0 });
    expect((await renew(host, user.email, second, third)).status).toBe(200);
    expect(await historyOf(user.userId)).toEqual([]);
    await change(admin.token, { passwordHistory: 1 });
    await run(host, user.email, third, first);
    expect(await historyOf(user.userId)).toHaveLength(1);
    expect((await act('DELETE')(admin.token, user.userId)).status).toBe(200);
    expect(await historyOf(user.userId)).toEqual([]);
  });

  it('keeps nothing when a stronger hash of the same password is stored', async () => {
    const { host, join } = await strictWorkspace({ passwordHistory: 5 });
    const user = await join('user');
    await service.sql('UPDATE users SET password_hash = $2 WHERE id = $1', [
      user.userId,
      await hash(user.password, { type: argon2id, memoryCost: 1_024, timeCost: 1, parallelism: 1 }),
    ]);
    const before = await service.sql('SELECT password_hash FROM users WHERE id = $1', [
      user.userId,
    ]);
    expect((await logIn(host, user.email, user.password)).status).toBe(200);
    expect(
      await service.sql('SELECT password_hash FROM users WHERE id = $1', [user.userId]),
    ).not.toEqual(before);
    expect(await historyOf(user.userId)).toEqual([]);
  });
});
