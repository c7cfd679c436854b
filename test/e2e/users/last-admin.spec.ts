import { describe, expect, it } from 'vitest';
import { type Member, type UserRecord } from './users.fixture.js';
import { type Answer } from '../service.fixture.js';
import {
  assign,
  deactivate,
  reactivate,
  remove,
  service,
  suspend,
  useUserAdmin,
  workspace,
} from './user-admin.fixture.js';

useUserAdmin();

describe('The last active admin', () => {
  const moves: Record<string, (by: Member, whom: Member) => Promise<Answer<UserRecord>>> = {
    suspends: (by, whom) => suspend(by.token, whom.userId),
    deactivates: (by, whom) => deactivate(by.token, whom.userId),
    deletes: (by, whom) => remove(by.token, whom.userId),
    demotes: (by, whom) => assign(by.token, whom.userId, { role: 'user' }),
  };
  const pairs = Object.keys(moves).flatMap((one) =>
    Object.keys(moves).map((other) => [one, other] as const),
  );

  it.each(pairs)(
    'remains when one admin %s the other, who %s the first at the same moment',
    async (one, other) => {
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
        // Refused by the trigger, or already revoked because the other was faster, or the victim of a deadlock.
        expect([
          'LAST_ADMIN',
          'INSUFFICIENT_PERMISSIONS',
          'TOKEN_REVOKED',
          'NOT_FOUND',
          'SERVICE_BUSY',
        ]).toContain(refused[0]?.error.code);
      }
    },
  );

  it('is not counted among suspended admins', async () => {
    const { join, tenantId } = await workspace();
    const [one, two] = [await join('admin'), await join('admin')];
    expect((await suspend(one.token, two.userId)).status).toBe(200);
    // The service refuses changes of your own account, so this asks the database directly.
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
