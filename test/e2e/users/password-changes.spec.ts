import { describe, expect, it } from 'vitest';
import { GOOD_PASSWORD, type Login } from '../service.fixture.js';
import { logIn, requireChange, service, useUserAdmin, workspace } from './user-admin.fixture.js';

useUserAdmin();

describe('A required password change', () => {
  it('ends the sessions and refuses log-ins until the password is changed', async () => {
    const { host, join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    expect(await requireChange(admin.token, user.userId)).toMatchObject({
      status: 200,
      data: { mustChangePassword: true },
    });
    // This includes changing the password, because the route for that asks for the current one again.
    for (const [method, path, body] of [
      ['GET', '/auth/me', undefined],
      ['PUT', '/auth/me', { firstName: 'Rui' }],
      ['PUT', '/auth/password', { currentPassword: user.password, newPassword: GOOD_PASSWORD }],
    ] as const) {
      const answer = await service.call(method, path, { token: user.token, body });
      expect([path, answer.error.code]).toEqual([path, 'TOKEN_REVOKED']);
    }
    expect((await service.refresh(user.refreshToken)).error.code).toBe('TOKEN_REVOKED');
    expect((await logIn(host, user.email, user.password)).error.code).toBe(
      'PASSWORD_CHANGE_REQUIRED',
    );
    const renewed = await service.call<Login>('POST', '/auth/password/renew', {
      host,
      body: { email: user.email, currentPassword: user.password, newPassword: GOOD_PASSWORD },
    });
    expect(renewed.status).toBe(200);
    expect((await logIn(host, user.email, GOOD_PASSWORD)).status).toBe(200);
  });

  it('leaves no session behind when the user logs in at the same moment', async () => {
    const { host, join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    for (let round = 0; round < 10; round += 1) {
      const [, ...logins] = await Promise.all([
        requireChange(admin.token, user.userId),
        ...Array.from({ length: 4 }, () => logIn(host, user.email, user.password)),
      ]);
      for (const login of logins) {
        if (login.status === 200)
          expect(await service.probe(login.data.tokens.accessToken)).toBe('TOKEN_REVOKED');
      }
      await service.sql('UPDATE users SET must_change_password = false WHERE id = $1', [
        user.userId,
      ]);
    }
  });
});

describe('A lost password', () => {
  const reset = (token: string, userId: string) =>
    service.call<{ user: { mustChangePassword: boolean }; temporaryPassword: string }>(
      'POST',
      `/auth/users/${userId}/reset-password`,
      { token },
    );

  it('is replaced by a temporary one, shown once, which ends the sessions and must be changed', async () => {
    const { host, join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    const answer = await reset(admin.token, user.userId);
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'cache-control': 'no-store' },
      data: { user: { mustChangePassword: true } },
    });
    const { temporaryPassword } = answer.data;
    expect(temporaryPassword).toMatch(/^([a-z2-9]{5}-){3}[a-z2-9]{5}$/);
    expect(await service.probe(user.token)).toBe('TOKEN_REVOKED');
    expect((await service.refresh(user.refreshToken)).error.code).toBe('TOKEN_REVOKED');
    expect((await logIn(host, user.email, user.password)).error.code).toBe('INVALID_CREDENTIALS');
    expect((await logIn(host, user.email, temporaryPassword)).error.code).toBe(
      'PASSWORD_CHANGE_REQUIRED',
    );
    const renewed = await service.call<Login>('POST', '/auth/password/renew', {
      host,
      body: {
        email: user.email,
        currentPassword: temporaryPassword,
        newPassword: GOOD_PASSWORD,
      },
    });
    expect(renewed.status).toBe(200);
    expect((await logIn(host, user.email, temporaryPassword)).error.code).toBe(
      'INVALID_CREDENTIALS',
    );
    const stored = await service.sql<{ text: string }>(
      `SELECT concat((SELECT json_agg(u) FROM users u), (SELECT json_agg(a) FROM audit_log a),
         (SELECT json_agg(e) FROM security_events e)) AS text`,
    );
    expect(stored[0]?.text).not.toContain(temporaryPassword);
  });

  it('is not reset by its own user or by one below, without losing sessions', async () => {
    const { join } = await workspace();
    const [admin, manager] = [await join('admin'), await join('manager')];
    expect((await reset(admin.token, admin.userId)).error.details).toEqual({
      reason: 'own_account',
    });
    expect((await reset(manager.token, admin.userId)).error.details).toEqual({
      reason: 'user_above_own_role',
    });
    expect(await service.probe(admin.token)).toBe('accepted');
  });
});

describe('A changed password', () => {
  it('keeps the device of the session and must differ from the old one', async () => {
    const { host, join } = await workspace();
    const user = await join('user');
    const login = await service.call<Login>('POST', '/auth/login', {
      host,
      body: { email: user.email, password: user.password, deviceId: 'phone' },
    });
    const change = (currentPassword: string, newPassword: string) =>
      service.call<Login['tokens']>('PUT', '/auth/password', {
        token: login.data.tokens.accessToken,
        body: { currentPassword, newPassword },
      });
    const same = await change(user.password, user.password);
    expect(same).toMatchObject({ status: 400, error: { details: [{ field: 'newPassword' }] } });
    const changed = await change(user.password, GOOD_PASSWORD);
    expect(changed.status).toBe(200);
    const sessions = await service.call('GET', '/auth/sessions', {
      token: changed.data.accessToken,
    });
    expect(sessions.data).toMatchObject({ items: [{ deviceId: 'phone', current: true }] });
  });
});
