import { outranks, type Role, ROLES } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { bare, UNKNOWN_ID } from './users.fixture.js';
import {
  act,
  assign,
  CHANGES,
  create,
  newcomer,
  patch,
  deactivate,
  reactivate,
  read,
  remove,
  service,
  resetPassword,
  suspend,
  useUserAdmin,
  workspace,
} from './user-admin.fixture.js';

useUserAdmin();

const statusOf = async (userId: string) =>
  (await service.sql<{ status: string }>('SELECT status FROM users WHERE id = $1', [userId]))[0]
    ?.status;

describe('User administration', () => {
  // `helper` has the permission without the rank.
  const CALLERS = ['viewer', 'user', 'helper', 'manager', 'admin'] as const;

  describe.each(CALLERS)('as %s', (kind) => {
    it.each(ROLES)(
      'is allowed or refused for a user with role %s, by rank and permission',
      async (targetRole) => {
        const { join } = await workspace();
        await join('admin');
        const rank: Role = kind === 'helper' ? 'user' : kind;
        const caller = await join(rank, kind === 'helper' ? ['manage_users'] : []);
        const target = await join(targetRole);
        const entitled = kind !== 'viewer' && kind !== 'user';
        const allowed = entitled && !outranks(targetRole, rank);
        expect((await read(caller.token, target.userId)).status).toBe(entitled ? 200 : 403);
        for (const [name, change] of Object.entries(CHANGES)) {
          const answer = await change(caller.token, target.userId);
          expect([name, answer.status]).toEqual([name, allowed ? 200 : 403]);
          if (!allowed) {
            expect(answer.error.code).toBe('INSUFFICIENT_PERMISSIONS');
            expect(answer.error.details).toEqual(
              entitled ? { reason: 'user_above_own_role' } : { required: ['manage_users'] },
            );
          }
        }
        expect(await statusOf(target.userId)).toBe(allowed ? undefined : 'active');
      },
    );

    it.each(ROLES)("creates a user with role %s only up to the caller's role", async (role) => {
      const { join } = await workspace();
      const rank: Role = kind === 'helper' ? 'user' : kind;
      const caller = await join(rank, kind === 'helper' ? ['manage_users'] : []);
      const allowed = kind !== 'viewer' && kind !== 'user' && !outranks(role, rank);
      const answer = await create(caller.token, newcomer('new@example.com', { role }));
      expect(answer.status).toBe(allowed ? 201 : 403);
    });
  });

  it("is refused for the caller's own account, except for listing sessions", async () => {
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

  it('is refused for a user whom a higher role has suspended', async () => {
    const { join } = await workspace();
    const [manager, admin] = [await join('manager'), await join('admin')];
    const target = await join('user');
    await suspend(admin.token, target.userId);
    for (const change of [deactivate, reactivate, resetPassword, remove]) {
      const answer = await change(manager.token, target.userId);
      expect([answer.status, answer.error.details]).toEqual([
        403,
        { reason: 'suspended_by_higher_role' },
      ]);
    }
    expect((await reactivate(admin.token, target.userId)).status).toBe(200);
  });

  it('is refused after a higher role has taken over the suspension', async () => {
    const { join } = await workspace();
    const [manager, admin] = [await join('manager'), await join('admin')];
    const target = await join('user');
    expect((await suspend(manager.token, target.userId)).status).toBe(200);
    expect((await suspend(admin.token, target.userId)).status).toBe(200);
    const { error } = await reactivate(manager.token, target.userId);
    expect(error.details).toEqual({ reason: 'suspended_by_higher_role' });
    expect((await suspend(manager.token, target.userId)).status).toBe(403);
  });

  it('is refused for a user who holds a permission that the caller lacks', async () => {
    const { join } = await workspace();
    const [manager, admin] = [await join('manager'), await join('admin')];
    const target = await join('user', ['view_audit']);
    const refused = { reason: 'permission_not_held', required: ['view_audit'] };
    for (const change of [
      suspend,
      deactivate,
      reactivate,
      resetPassword,
      remove,
      CHANGES['readdress'] ?? remove,
    ]) {
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

  it('answers the ids of users of other tenants like unknown ids', async () => {
    const [mine, other] = [await workspace(), await workspace()];
    const [admin, stranger] = [await mine.join('admin'), await other.join('user')];
    for (const [name, change] of Object.entries({ read, ...CHANGES })) {
      const [foreign, random] = [
        await change(admin.token, stranger.userId),
        await change(admin.token, UNKNOWN_ID),
      ];
      expect([name, foreign.status]).toEqual([name, 404]);
      expect(bare(foreign)).toEqual(bare(random));
    }
    const [foreignSession] = await service.sql<{ id: string }>(
      'SELECT id FROM user_sessions WHERE user_id = $1',
      [stranger.userId],
    );
    const colleague = await mine.join('user');
    for (const sessionId of [foreignSession?.id ?? '', UNKNOWN_ID]) {
      const end = act('DELETE', `/sessions/${sessionId}`);
      expect((await end(admin.token, colleague.userId)).status).toBe(404);
    }
    expect(await statusOf(stranger.userId)).toBe('active');
    expect(await service.probe(stranger.token)).toBe('accepted');
  });
});
