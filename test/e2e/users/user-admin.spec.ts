import { outranks, type Role, ROLES } from '@poc-tracker/contracts';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp as createTracker } from '../../../apps/poc-tracker/src/app.setup.js';
import { testTrackerConfig } from '../../../apps/poc-tracker/src/config/test-config.js';
import { bare, type Member, NOBODY, type UserRecord, workspaceOf } from './users.fixture.js';
import { type Answer, GOOD_PASSWORD, type Login, ServiceFixture } from '../service.fixture.js';

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
});

afterAll(async () => {
  await service?.stop();
});

const workspace = (maxUsers?: number) => workspaceOf(service, maxUsers);

type Action = (token: string, userId: string) => Promise<Answer<UserRecord>>;

const act =
  (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path = '', body?: object): Action =>
  (token, userId) =>
    service.call(method, `/auth/users/${userId}${path}`, {
      token,
      ...(body !== undefined && { body }),
    });

const read = act('GET');
const suspend = act('POST', '/suspend');
const reactivate = act('POST', '/reactivate');
const remove = act('DELETE');
const requireChange = act('POST', '/require-password-change');
const patch = (token: string, userId: string, body: object) =>
  act('PATCH', '', body)(token, userId);
const assign = (token: string, userId: string, body: object) =>
  act('POST', '/role', body)(token, userId);

/** What changes a person; deletion comes last. */
const CHANGES: Record<string, Action> = {
  update: act('PATCH', '', { firstName: 'Rui' }),
  readdress: (token, userId) => patch(token, userId, { email: `${userId}@example.com` }),
  suspend,
  reactivate,
  role: act('POST', '/role', { role: 'viewer' }),
  requireChange,
  listSessions: act('GET', '/sessions'),
  endSessions: act('DELETE', '/sessions'),
  delete: remove,
};

const create = (token: string, body: object) =>
  service.call<{ user: UserRecord; temporaryPassword: string | null }>('POST', '/auth/users', {
    token,
    body,
  });

const newcomer = (email: string, more: object = {}) => ({
  email,
  firstName: 'Bia',
  lastName: 'Lima',
  role: 'user',
  ...more,
});

const logIn = (host: string, email: string, password: string) =>
  service.call<Login>('POST', '/auth/login', { host, body: { email, password } });

const statusOf = async (userId: string) =>
  (await service.sql<{ status: string }>('SELECT status FROM users WHERE id = $1', [userId]))[0]
    ?.status;

describe('who may do what to whom', () => {
  // A helper has the right without the rank.
  const ACTORS = ['viewer', 'user', 'helper', 'manager', 'admin'] as const;

  describe.each(ACTORS)('as %s', (kind) => {
    it.each(ROLES)('to a person of role %s', async (targetRole) => {
      const { join } = await workspace();
      await join('admin');
      const rank: Role = kind === 'helper' ? 'user' : kind;
      const actor = await join(rank, kind === 'helper' ? ['manage_users'] : []);
      const target = await join(targetRole);
      const entitled = kind !== 'viewer' && kind !== 'user';
      const allowed = entitled && !outranks(targetRole, rank);
      expect((await read(actor.token, target.userId)).status).toBe(entitled ? 200 : 403);
      for (const [name, change] of Object.entries(CHANGES)) {
        const answer = await change(actor.token, target.userId);
        expect([name, answer.status]).toEqual([name, allowed ? 200 : 403]);
        if (!allowed) {
          expect(answer.error.code).toBe('INSUFFICIENT_PERMISSIONS');
          expect(answer.error.details).toEqual(
            entitled ? { reason: 'user_above_own_role' } : { required: ['manage_users'] },
          );
        }
      }
      expect(await statusOf(target.userId)).toBe(allowed ? undefined : 'active');
    });

    it.each(ROLES)('creating a person of role %s', async (role) => {
      const { join } = await workspace();
      const rank: Role = kind === 'helper' ? 'user' : kind;
      const actor = await join(rank, kind === 'helper' ? ['manage_users'] : []);
      const allowed = kind !== 'viewer' && kind !== 'user' && !outranks(role, rank);
      const answer = await create(actor.token, newcomer('new@example.com', { role }));
      expect(answer.status).toBe(allowed ? 201 : 403);
    });
  });

  it('nobody to themselves, except to see their own sessions', async () => {
    const { join } = await workspace();
    await join('admin');
    const { token, userId } = await join('admin');
    for (const [name, change] of Object.entries(CHANGES)) {
      const answer = await change(token, userId);
      if (name === 'listSessions') {
        expect(answer.status).toBe(200);
      } else {
        expect([name, answer.status]).toEqual([name, 403]);
        const reason = name === 'role' ? 'own_role' : 'own_account';
        expect(answer.error.details).toEqual({ reason });
      }
    }
  });

  it('nobody over a person who has a right that they lack', async () => {
    const { join } = await workspace();
    const [manager, admin] = [await join('manager'), await join('admin')];
    const target = await join('user', ['view_audit']);
    const refused = { reason: 'permission_not_held', required: ['view_audit'] };
    for (const change of [suspend, reactivate, remove, CHANGES['readdress'] ?? remove]) {
      const answer = await change(manager.token, target.userId);
      expect([answer.status, answer.error.details]).toEqual([403, refused]);
    }
    const taken = await assign(manager.token, target.userId, { role: 'user', permissions: [] });
    expect([taken.status, taken.error.details]).toEqual([403, refused]);
    const given = await assign(manager.token, target.userId, {
      role: 'user',
      permissions: ['view_audit', 'manage_settings'],
    });
    expect(given.error.details).toEqual({
      reason: 'permission_not_held',
      required: ['manage_settings'],
    });
    expect((await assign(manager.token, target.userId, { role: 'viewer' })).status).toBe(200);
    expect((await patch(manager.token, target.userId, { firstName: 'Rui' })).status).toBe(200);
    expect((await suspend(admin.token, target.userId)).status).toBe(200);
  });

  it('nobody to people of another tenant: their ids answer like ones that nobody has', async () => {
    const [mine, other] = [await workspace(), await workspace()];
    const [admin, stranger] = [await mine.join('admin'), await other.join('user')];
    for (const [name, change] of Object.entries({ read, ...CHANGES })) {
      const [foreign, random] = [
        await change(admin.token, stranger.userId),
        await change(admin.token, NOBODY),
      ];
      expect([name, foreign.status]).toEqual([name, 404]);
      expect(bare(foreign)).toEqual(bare(random));
    }
    const [foreignSession] = await service.sql<{ id: string }>(
      'SELECT id FROM user_sessions WHERE user_id = $1',
      [stranger.userId],
    );
    const colleague = await mine.join('user');
    for (const sessionId of [foreignSession?.id ?? '', NOBODY]) {
      const end = act('DELETE', `/sessions/${sessionId}`);
      expect((await end(admin.token, colleague.userId)).status).toBe(404);
    }
    expect(await statusOf(stranger.userId)).toBe('active');
    expect(await service.probe(stranger.token)).toBe('accepted');
  });
});

describe('a person made by an administrator', () => {
  it('logs in after they have set a password of their own, and nobody else learns of it', async () => {
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
    expect(bare(stranger)).toEqual(bare(await logIn(host, 'nobody@example.com', temporary)));
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
    expect(sessions.data).toMatchObject([{ deviceId: 'phone', current: false }]);
    expect((await logIn(host, email, temporary)).error.code).toBe('INVALID_CREDENTIALS');
    expect((await logIn(host, email, GOOD_PASSWORD)).status).toBe(200);
  });

  it('may be given a password, which must be a good one', async () => {
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

  it('takes a seat, exactly, however many are made at once', async () => {
    const { join, tenantId } = await workspace(8);
    const { token } = await join('admin');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => create(token, newcomer(`n${index}@example.com`))),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(7);
    for (const { error } of answers.filter(({ status }) => status !== 201)) {
      expect(error).toMatchObject({
        code: 'USER_LIMIT_EXCEEDED',
        details: { limit: 8, usage: 8 },
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
    ['tenantId', { tenantId: NOBODY }],
    ['status', { status: 'active' }],
    ['mustChangePassword', { mustChangePassword: false }],
    ['customRoleId', { customRoleId: NOBODY }],
    ['id', { id: NOBODY }],
  ])('is refused with the field %s wrong', async (field, wrong) => {
    const { join } = await workspace();
    const { token } = await join('admin');
    const answer = await create(token, newcomer('bia@example.com', wrong));
    expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    expect((answer.error.details as { field: string }[])[0]?.field).toBe(field);
  });
});

describe('what is written of a person', () => {
  it('changes field by field; another address is not verified, the same one stays so', async () => {
    const { join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    await service.sql('UPDATE users SET email_verified_at = now() WHERE id = $1', [user.userId]);
    const same = await patch(admin.token, user.userId, { email: user.email.toUpperCase() });
    expect(same).toMatchObject({ status: 200, data: { emailVerifiedAt: expect.any(String) } });
    const changed = await patch(admin.token, user.userId, {
      firstName: 'Rui',
      timezone: 'America/Recife',
      locale: 'en-US',
      email: 'rui@example.com',
    });
    expect(changed).toMatchObject({
      status: 200,
      data: { firstName: 'Rui', lastName: 'Silva', email: 'rui@example.com', locale: 'en-US' },
    });
    expect(changed.data).toMatchObject({ emailVerifiedAt: null });
    const taken = await patch(admin.token, user.userId, { email: admin.email });
    expect(taken).toMatchObject({ status: 409, error: { code: 'USER_EXISTS' } });
  });

  it.each<[string, object]>([
    ['body', {}],
    ['email', { email: 'x' }],
    ['email', { email: null }],
    ['timezone', { timezone: 'Mars/Olympus' }],
    ['locale', { locale: 'xx' }],
    ['role', { role: 'admin' }],
    ['status', { status: 'active' }],
    ['password', { password: GOOD_PASSWORD }],
    ['tenantId', { tenantId: NOBODY }],
  ])('is refused with the field %s wrong', async (field, wrong) => {
    const { join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    const answer = await patch(admin.token, user.userId, wrong);
    expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    expect((answer.error.details as { field: string }[])[0]?.field).toBe(field);
  });
});

describe('a suspended person', () => {
  it('is out at once and for as long as it lasts; the old tokens do not come back', async () => {
    const { host, join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    expect(await suspend(admin.token, user.userId)).toMatchObject({
      status: 200,
      data: { status: 'suspended' },
    });
    expect(await service.probe(user.token)).toBe('TOKEN_REVOKED');
    expect((await service.refresh(user.refreshToken)).error.code).toBe('TOKEN_REVOKED');
    expect((await logIn(host, user.email, user.password)).error.code).toBe('INVALID_CREDENTIALS');
    expect((await suspend(admin.token, user.userId)).status).toBe(200);
    expect(await reactivate(admin.token, user.userId)).toMatchObject({
      data: { status: 'active' },
    });
    expect(await service.probe(user.token)).toBe('TOKEN_REVOKED');
    expect((await logIn(host, user.email, user.password)).status).toBe(200);
  });
});

describe('a deleted person', () => {
  it('is gone with their sessions, and their seat and address are free', async () => {
    const { join } = await workspace(2);
    const [admin, user] = [await join('admin'), await join('user')];
    const answer = await remove(admin.token, user.userId);
    expect([answer.status, answer.data]).toEqual([200, null]);
    expect(await service.probe(user.token)).toBe('TOKEN_REVOKED');
    expect((await service.refresh(user.refreshToken)).error.code).toBe('TOKEN_REVOKED');
    expect((await read(admin.token, user.userId)).status).toBe(404);
    expect((await remove(admin.token, user.userId)).status).toBe(404);
    expect((await create(admin.token, newcomer(user.email))).status).toBe(201);
  });
});

describe('the sessions of a person', () => {
  it('are seen and ended one by one or all together', async () => {
    const { host, join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    const second = await service.login(host, user);
    const list = act('GET', '/sessions');
    const sessions = (await list(admin.token, user.userId)).data as unknown as { id: string }[];
    expect(sessions).toHaveLength(2);
    const latest = sessions[0]?.id ?? '';
    const end = act('DELETE', `/sessions/${latest}`);
    expect((await end(admin.token, user.userId)).data).toEqual({ revoked: 1 });
    expect(await service.probe(second.tokens.accessToken)).toBe('TOKEN_REVOKED');
    expect(await service.probe(user.token)).toBe('accepted');
    expect((await end(admin.token, user.userId)).status).toBe(404);
    // A session counts with its owner only.
    const [own] = (await list(admin.token, admin.userId)).data as unknown as { id: string }[];
    const crossed = await act('DELETE', `/sessions/${own?.id ?? ''}`)(admin.token, user.userId);
    expect(crossed.status).toBe(404);
    expect((await act('DELETE', '/sessions')(admin.token, user.userId)).data).toEqual({
      revoked: 1,
    });
    expect(await service.probe(user.token)).toBe('TOKEN_REVOKED');
    expect(await service.probe(admin.token)).toBe('accepted');
  });
});

describe('a password that must be changed', () => {
  it('ends the sessions and lets nobody in until it was', async () => {
    const { host, join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    expect(await requireChange(admin.token, user.userId)).toMatchObject({
      status: 200,
      data: { mustChangePassword: true },
    });
    // Not even to change the password: the way for that asks for the present one anew.
    for (const [method, path, body] of [
      ['GET', '/auth/me', undefined],
      ['PUT', '/auth/me', { firstName: 'Rui' }],
      ['PUT', '/auth/password', { currentPassword: user.password, newPassword: GOOD_PASSWORD }],
      ['POST', '/auth/logout', undefined],
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

  it('leaves no session behind when somebody logs in at the same moment', async () => {
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

describe('a changed password', () => {
  it('leaves the device known, and must be another one', async () => {
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
    expect(sessions.data).toMatchObject([{ deviceId: 'phone', current: true }]);
  });
});

describe('the last admin', () => {
  const moves: Record<string, (by: Member, whom: Member) => Promise<Answer<UserRecord>>> = {
    suspends: (by, whom) => suspend(by.token, whom.userId),
    deletes: (by, whom) => remove(by.token, whom.userId),
    demotes: (by, whom) => assign(by.token, whom.userId, { role: 'user' }),
  };
  const pairs = Object.keys(moves).flatMap((one) =>
    Object.keys(moves).map((other) => [one, other] as const),
  );

  it.each(pairs)('stays when one %s the other, who %s the first', async (one, other) => {
    for (let round = 0; round < 3; round += 1) {
      const { join, tenantId } = await workspace();
      const [first, second] = [await join('admin'), await join('admin')];
      const answers = await Promise.all([
        moves[one]?.(first, second),
        moves[other]?.(second, first),
      ]);
      const left = await service.sql(
        `SELECT FROM users WHERE tenant_id = $1 AND role = 'admin' AND status = 'active'`,
        [tenantId],
      );
      expect(left).toHaveLength(1);
      const refused = answers.filter((answer) => answer?.status !== 200);
      expect(refused).toHaveLength(1);
      // Stopped by the trigger, or already out when the first was quicker, or as the loser of a dead-lock.
      expect([
        'LAST_ADMIN',
        'INSUFFICIENT_PERMISSIONS',
        'TOKEN_REVOKED',
        'NOT_FOUND',
        'SERVICE_BUSY',
      ]).toContain(refused[0]?.error.code);
    }
  });

  it('is not counted among those who are suspended', async () => {
    const { join, tenantId } = await workspace();
    const [one, two] = [await join('admin'), await join('admin')];
    expect((await suspend(one.token, two.userId)).status).toBe(200);
    // Past the door, where nobody acts on themselves: what the database says of the last one.
    await expect(
      service.sql(`UPDATE users SET role = 'user' WHERE id = $1`, [one.userId]),
    ).rejects.toMatchObject({ constraint: 'users_last_admin_stays' });
    expect((await reactivate(one.token, two.userId)).status).toBe(200);
    const [row] = await service.sql<{ count: number }>(
      `SELECT count(*)::int AS count FROM users WHERE tenant_id = $1 AND role = 'admin' AND status = 'active'`,
      [tenantId],
    );
    expect(row?.count).toBe(2);
  });
});

describe('the trail', () => {
  it('tells each action with its actor, its target and nothing secret', async () => {
    const { join, tenantId } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    const made = await create(
      admin.token,
      newcomer('bia@example.com', { password: GOOD_PASSWORD }),
    );
    for (const change of Object.values(CHANGES)) await change(admin.token, user.userId);
    const events = await service.sql<{
      type: string;
      actor_id: string;
      target_id: string;
      details: unknown;
    }>(
      `SELECT type, actor_id, target_id, details FROM security_events
        WHERE tenant_id = $1 AND actor_id = $2 AND target_type = 'user' AND type !~ '^login' ORDER BY id`,
      [tenantId, admin.userId],
    );
    expect(events.map(({ type, target_id }) => [type, target_id])).toEqual([
      ['user.created', made.data.user.id],
      ...[
        'user.updated',
        'user.updated',
        'user.suspended',
        'user.reactivated',
        'user.role_changed',
        'password.change_required',
        'user.deleted',
      ].map((type) => [type, user.userId]),
    ]);
    expect(JSON.stringify(events)).not.toMatch(/argon2|cavalos/);
  });
});

describe('whoever is changed', () => {
  const CHANGES_FELT: [what: string, change: Action, refusal: string][] = [
    ['suspended', suspend, 'TOKEN_REVOKED'],
    ['deleted', remove, 'TOKEN_REVOKED'],
    ['told to change the password', requireChange, 'TOKEN_REVOKED'],
    ['signed out', act('DELETE', '/sessions'), 'TOKEN_REVOKED'],
    ['made a viewer', act('POST', '/role', { role: 'viewer' }), 'INSUFFICIENT_PERMISSIONS'],
  ];

  /** Changes a manager and measures how long another process goes on letting them do what a viewer may not. */
  async function feel(
    change: Action,
    attempt: (token: string) => Promise<{ status: number; code: unknown }>,
  ): Promise<unknown> {
    const { join } = await workspace();
    const [admin, user] = [await join('admin'), await join('manager')];
    expect((await attempt(user.token)).status).toBeLessThan(300);
    expect((await change(admin.token, user.userId)).status).toBe(200);
    const changedAt = Date.now();
    let answer = await attempt(user.token);
    while (answer.status < 300 && Date.now() - changedAt < 5_000)
      answer = await attempt(user.token);
    expect(Date.now() - changedAt).toBeLessThan(1_000);
    return answer.code;
  }

  it.each(CHANGES_FELT)(
    'feels it within a second in another process: %s',
    async (_what, change, refusal) => {
      const code = await feel(change, async (token) => {
        const { status, error } = await other.call('GET', '/auth/users', { token });
        return { status, code: error.code };
      });
      expect(code).toBe(refusal);
    },
  );

  it.each(CHANGES_FELT)(
    'feels it within a second in the tracker: %s',
    async (_what, change, refusal) => {
      const code = await feel(change, async (token) => {
        const { statusCode, body } = await tracker.inject({
          method: 'POST',
          url: '/api/v1/pocs',
          headers: { authorization: `Bearer ${token}` },
          payload: { title: 'Cold-proof sensor' },
        });
        return { status: statusCode, code: (JSON.parse(body) as { code?: unknown }).code };
      });
      expect(code).toBe(refusal);
    },
  );

  let other: ServiceFixture;
  let tracker: NestFastifyApplication;
  let folder: string;

  beforeAll(async () => {
    other = await service.restarted();
    folder = mkdtempSync(join(tmpdir(), 'people-'));
    const keys = await service.app.inject('/.well-known/jwks.json');
    const publicKeys = keys
      .json<{ keys: JsonWebKey[] }>()
      .keys.map((key) => createPublicKey({ key, format: 'jwk' }));
    tracker = await createTracker(
      testTrackerConfig(service.database, publicKeys, { STORAGE_DIR: folder }),
    );
    await tracker.init();
    await tracker.getHttpAdapter().getInstance().ready();
  });

  afterAll(async () => {
    await tracker?.close();
    await other?.app.close();
    rmSync(folder, { recursive: true });
  });
});
