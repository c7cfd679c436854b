import { describe, expect, it } from 'vitest';
import { UNKNOWN_ID } from './users.fixture.js';
import { GOOD_PASSWORD } from '../service.fixture.js';
import {
  act,
  CHANGES,
  create,
  deactivate,
  logIn,
  newcomer,
  patch,
  reactivate,
  read,
  remove,
  service,
  suspend,
  useUserAdmin,
  workspace,
} from './user-admin.fixture.js';

useUserAdmin();

describe('An update of a user', () => {
  it('changes single fields and resets the verification of a new address only', async () => {
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
    ['tenantId', { tenantId: UNKNOWN_ID }],
  ])('is refused if the field %s is invalid', async (field, wrong) => {
    const { join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    const answer = await patch(admin.token, user.userId, wrong);
    expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    expect((answer.error.details as { field: string }[])[0]?.field).toBe(field);
  });
});

describe.each([
  ['suspended', 'suspended', suspend],
  ['deactivated', 'inactive', deactivate],
] as const)('A %s user', (_what, status, change) => {
  it('is logged out at once and cannot log in, and old tokens stay invalid after the reactivation', async () => {
    const { host, join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    expect(await change(admin.token, user.userId)).toMatchObject({
      status: 200,
      data: { status },
    });
    expect(await service.probe(user.token)).toBe('TOKEN_REVOKED');
    expect((await service.refresh(user.refreshToken)).error.code).toBe('TOKEN_REVOKED');
    expect((await logIn(host, user.email, user.password)).error.code).toBe('INVALID_CREDENTIALS');
    expect((await change(admin.token, user.userId)).status).toBe(200);
    expect(await reactivate(admin.token, user.userId)).toMatchObject({
      data: { status: 'active' },
    });
    expect(await service.probe(user.token)).toBe('TOKEN_REVOKED');
    expect((await logIn(host, user.email, user.password)).status).toBe(200);
  });
});

describe('A deleted user', () => {
  it('is gone with their sessions and releases their seat and address', async () => {
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

describe('The sessions of another user', () => {
  it('can be listed and revoked by an admin, one by one or all at once', async () => {
    const { host, join } = await workspace();
    const [admin, user] = [await join('admin'), await join('user')];
    const second = await service.login(host, user);
    const list = act('GET', '/sessions');
    const sessionsOf = async (userId: string) =>
      ((await list(admin.token, userId)).data as unknown as { items: { id: string }[] }).items;
    const sessions = await sessionsOf(user.userId);
    expect(sessions).toHaveLength(2);
    const latest = sessions[0]?.id ?? '';
    const end = act('DELETE', `/sessions/${latest}`);
    expect((await end(admin.token, user.userId)).data).toEqual({ revoked: 1 });
    expect(await service.probe(second.tokens.accessToken)).toBe('TOKEN_REVOKED');
    expect(await service.probe(user.token)).toBe('accepted');
    expect((await end(admin.token, user.userId)).status).toBe(404);
    // A session is found under its own user only.
    const [own] = await sessionsOf(admin.userId);
    const crossed = await act('DELETE', `/sessions/${own?.id ?? ''}`)(admin.token, user.userId);
    expect(crossed.status).toBe(404);
    expect((await act('DELETE', '/sessions')(admin.token, user.userId)).data).toEqual({
      revoked: 1,
    });
    expect(await service.probe(user.token)).toBe('TOKEN_REVOKED');
    expect(await service.probe(admin.token)).toBe('accepted');
  });
});

describe('The audit log of user administration', () => {
  it('records each action with its actor and target and without secrets', async () => {
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
        'user.deactivated',
        'user.reactivated',
        'user.role_changed',
        'password.change_required',
        'password.reset',
        'user.deleted',
      ].map((type) => [type, user.userId]),
    ]);
    expect(JSON.stringify(events)).not.toMatch(/argon2|cavalos/);
  });
});
