import { describe, expect, it, vi } from 'vitest';
import { PasswordHasher } from '../../../apps/auth-service/src/protection/passwords/password.hasher.js';
import { GOOD_PASSWORD, type Login } from '../service.fixture.js';
import { bare, UNKNOWN_ID } from './users.fixture.js';
import { create, logIn, newcomer, service, useUserAdmin, workspace } from './user-admin.fixture.js';

useUserAdmin();

const HOURS_72 = 72 * 3_600_000;

const reset = (token: string, userId: string) =>
  service.call<{ temporaryPassword: string; expiresAt: string }>(
    'POST',
    `/auth/users/${userId}/reset-password`,
    { token },
  );

const renew = (host: string, email: string, currentPassword: string) =>
  service.call<Login>('POST', '/auth/password/renew', {
    host,
    body: { email, currentPassword, newPassword: GOOD_PASSWORD },
  });

/** Lets the temporary password of a user expire. */
const expire = (userId: string) =>
  service.sql('UPDATE users SET temporary_password_expires_at = now() WHERE id = $1', [userId]);

const expiryOf = async (userId: string): Promise<Date | null | undefined> => {
  const [row] = await service.sql<{ at: Date | null }>(
    'SELECT temporary_password_expires_at AS at FROM users WHERE id = $1',
    [userId],
  );
  return row?.at;
};

describe('A temporary password', () => {
  it('expires, and is then refused like a wrong one, until it is reset again', async () => {
    const { host, join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    const first = await reset(admin.token, user.userId);
    const left = new Date(first.data.expiresAt).getTime() - Date.now();
    expect(Math.abs(left - HOURS_72)).toBeLessThan(60_000);
    const { temporaryPassword } = first.data;
    expect((await logIn(host, user.email, temporaryPassword)).error.code).toBe(
      'PASSWORD_CHANGE_REQUIRED',
    );
    await expire(user.userId);
    const wrong = bare(await logIn(host, user.email, 'not the password'));
    expect(bare(await logIn(host, user.email, temporaryPassword))).toEqual(wrong);
    expect(bare(await renew(host, user.email, temporaryPassword))).toEqual(wrong);
    const second = await reset(admin.token, user.userId);
    expect((await renew(host, user.email, second.data.temporaryPassword)).status).toBe(200);
    expect(await expiryOf(user.userId)).toBeNull();
  });

  it.each([{}, { password: GOOD_PASSWORD }])(
    'of a created user expires, also if the admin chose it: %j',
    async (given) => {
      const { host, join } = await workspace();
      const { token } = await join('admin');
      const made = await create(token, newcomer('bia@example.com', given));
      expect(await expiryOf(made.data.user.id)).toEqual(new Date(made.data.expiresAt));
      await expire(made.data.user.id);
      const password = made.data.temporaryPassword ?? GOOD_PASSWORD;
      const login = await logIn(host, 'bia@example.com', password);
      expect(login.error.code).toBe('INVALID_CREDENTIALS');
    },
  );

  it('that has expired is named in the audit log, and a wrong one is not', async () => {
    const { host, join, tenantId } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    const { temporaryPassword } = (await reset(admin.token, user.userId)).data;
    await expire(user.userId);
    await logIn(host, user.email, 'not the password');
    await logIn(host, user.email, temporaryPassword);
    const rows = await service.sql(
      `SELECT target_id, details FROM security_events WHERE tenant_id = $1 AND type = 'login.failed' ORDER BY id`,
      [tenantId],
    );
    expect(rows).toEqual([
      { target_id: user.userId, details: { reason: 'INVALID_CREDENTIALS' } },
      {
        target_id: user.userId,
        details: { reason: 'INVALID_CREDENTIALS', cause: 'temporary_password_expired' },
      },
    ]);
  });

  it('is not hashed for a user that the caller may not reset', async () => {
    const { join } = await workspace();
    const [admin, manager] = [await join('admin'), await join('manager')];
    const hash = vi.spyOn(service.app.get(PasswordHasher, { strict: false }), 'hash');
    try {
      for (const userId of [admin.userId, manager.userId, UNKNOWN_ID])
        expect((await reset(manager.token, userId)).status).toBeGreaterThanOrEqual(403);
      expect(hash).not.toHaveBeenCalled();
    } finally {
      hash.mockRestore();
    }
  });

  it('is not stored for a user who was promoted above the caller while it was hashed', async () => {
    const { join, host } = await workspace();
    const [manager, user] = [await join('manager'), await join('user')];
    const hasher = service.app.get(PasswordHasher, { strict: false });
    const hashNow = hasher.hash.bind(hasher);
    const hash = vi.spyOn(hasher, 'hash').mockImplementationOnce(async (password) => {
      await service.sql(`UPDATE users SET role = 'admin' WHERE id = $1`, [user.userId]);
      return hashNow(password);
    });
    try {
      const refused = await reset(manager.token, user.userId);
      expect(refused.error.details).toEqual({ reason: 'user_above_own_role' });
    } finally {
      hash.mockRestore();
    }
    expect((await logIn(host, user.email, user.password)).status).toBe(200);
  });
});
