import type { TenantSnapshot } from '@poc-tracker/contracts';
import { seedUser } from '@poc-tracker/testing';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimsOf, HOUR, SessionFixture } from './session.fixture.js';

let fixture: SessionFixture;

beforeAll(async () => {
  fixture = await SessionFixture.create();
});

afterAll(async () => {
  await fixture?.close();
});

beforeEach(() => {
  fixture.reset();
});

/** The first sessions of the list, as the owner sees them in the session `sessionId`. */
function listed(sessionId: string) {
  const { tenantId, id } = fixture.owner;
  return fixture.sessions.list({ tenantId, sessionId }, id, { limit: 50 });
}

describe('opening a session', () => {
  it('stores the hash of the refresh token and never the token', async () => {
    const token = await fixture.open();
    const session = await fixture.stored(token);
    expect(session).toMatchObject({
      generation: 0,
      ipAddress: '203.0.113.7',
      userAgent: 'curl/8',
      isActive: true,
    });
    expect(session.refreshTokenHash).toHaveLength(32);
    expect(JSON.stringify(session)).not.toContain(token);
  });

  it.each([
    [3, 168, 3],
    [3, 2, 2],
    [0.5, 1, 0.5],
  ])(
    'lasts until the shorter of a timeout of %d hours and a lifetime of %d hours',
    async (sessionTimeout, sessionLifetime, hours) => {
      Object.assign(fixture, { sessionTimeout, sessionLifetime });
      const session = await fixture.stored(await fixture.open());
      expect(session.expiresAt.getTime() - session.createdAt.getTime()).toBe(hours * HOUR);
    },
  );
});

describe('replacing all sessions', () => {
  it('does not wait for a change of the session settings while it holds locks of sessions', async () => {
    const { id, tenantId } = fixture.owner;
    const token = await fixture.open();
    const changing = new pg.Client(fixture.db.adminUrl);
    await changing.connect();
    try {
      await changing.query(
        `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value) VALUES ($1, 'security', '{}')`,
        [tenantId],
      );
      await changing.query('BEGIN');
      await changing.query('UPDATE tenant_settings SET updated_at = now()');
      const tenant = { id: tenantId, subdomain: 'acme', plan: 'basic' } as TenantSnapshot;
      const owner = { id, role: 'user', permissions: [], tenant } as const;
      const client = { ipAddress: null, userAgent: null };
      const replacing = fixture.asOwner(() =>
        fixture.sessions.replaceAll(owner, claimsOf(token).session_id, client),
      );
      await expect
        .poll(
          () =>
            fixture.db.sql(`SELECT 1 FROM pg_stat_activity
                             WHERE wait_event_type = 'Lock' AND datname = current_database()`),
          { timeout: 5_000 },
        )
        .toHaveLength(1);
      await changing.query(`SET LOCAL lock_timeout = '2s'`);
      await changing.query('UPDATE user_sessions SET idle_timeout = idle_timeout');
      await changing.query('COMMIT');
      const { refreshToken } = await replacing;
      expect((await fixture.stored(token)).isActive).toBe(false);
      expect((await fixture.stored(refreshToken)).isActive).toBe(true);
    } finally {
      await changing.end();
    }
  });
});

describe('revoking sessions', () => {
  it('leaves no valid token when it races with a refresh, 200 times', async () => {
    for (let round = 0; round < 200; round += 1) {
      const token = await fixture.open();
      const { session_id: sessionId } = claimsOf(token);
      const racing = [fixture.refresh(token), fixture.refresh(token)];
      const revoking = fixture.asOwner(() =>
        fixture.revocations.revoke(fixture.owner.id, sessionId),
      );
      const [, ...outcomes] = await Promise.allSettled([revoking, ...racing]);
      fixture.restart();
      const successors = outcomes.flatMap((outcome) =>
        outcome.status === 'fulfilled' ? [outcome.value] : [],
      );
      for (const any of [token, ...successors]) {
        await expect(fixture.refresh(any)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
        await expect(fixture.rights(any)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
      }
    }
  }, 60_000);

  it('takes effect at once in this process and in one that has just started', async () => {
    const token = await fixture.open();
    await fixture.asOwner(() =>
      fixture.revocations.revoke(fixture.owner.id, claimsOf(token).session_id),
    );
    await expect(fixture.rights(token)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    fixture.restart();
    await expect(fixture.rights(token)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  it('keeps the one that is excepted, or none', async () => {
    await fixture.asOwner(() => fixture.revocations.revokeAll(fixture.database, fixture.owner.id));
    const [kept, ...others] = [await fixture.open(), await fixture.open(), await fixture.open()];
    const keptId = claimsOf(kept).session_id;
    expect(
      await fixture.asOwner(() => fixture.revocations.revokeOthers(fixture.owner.id, keptId)),
    ).toEqual({
      revoked: others.length,
    });
    const left = await fixture.asOwner(() => listed(keptId));
    expect(left.items).toMatchObject([{ id: keptId, current: true, deviceId: 'phone' }]);
    expect(
      await fixture.asOwner(() =>
        fixture.revocations.revokeAll(fixture.database, fixture.owner.id),
      ),
    ).toEqual({
      revoked: 1,
    });
    expect(await fixture.asOwner(() => listed(keptId))).toEqual({
      items: [],
      nextCursor: null,
    });
  });

  it('returns NOT_FOUND for a session of another user, even to a manager', async () => {
    const token = await fixture.open();
    const { userId } = await seedUser(fixture.db, fixture.owner.tenantId, { role: 'manager' });
    const attempt = fixture.database.transaction(
      {
        tenantId: fixture.owner.tenantId,
        userId,
        role: 'manager',
        permissions: ['manage_users'],
      },
      () => fixture.revocations.revoke(userId, claimsOf(token).session_id),
    );
    await expect(attempt).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await fixture.stored(token)).isActive).toBe(true);
  });
});

describe('the number of sessions of a user', () => {
  const isActive = async (token: string) => (await fixture.stored(token)).isActive;

  it('is limited: a new session revokes the one that was not used for the longest time, with one event', async () => {
    fixture.maxSessions = 3;
    await fixture.asOwner(() => fixture.revocations.revokeAll(fixture.database, fixture.owner.id));
    const first = await fixture.open();
    fixture.clock.forward(1_000);
    const [second, third] = [await fixture.open(), await fixture.open()];
    fixture.clock.forward(1_000);
    await fixture.refresh(first);
    await fixture.refresh(third);
    const events = async () =>
      (await fixture.db.sql(`SELECT FROM security_events WHERE type = 'session.revoked'`)).length;
    const before = await events();
    const fourth = await fixture.open();
    expect(await Promise.all([first, second, third, fourth].map(isActive))).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect((await events()) - before).toBe(1);
    await expect(fixture.refresh(second)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  it('keeps the session that requests have used last, though another one was opened after it', async () => {
    fixture.maxSessions = 2;
    await fixture.asOwner(() => fixture.revocations.revokeAll(fixture.database, fixture.owner.id));
    const [first, second] = [await fixture.open(), await fixture.open()];
    await fixture.db.sql(
      `UPDATE session_changes SET last_accessed_at = clock_timestamp() + interval '1 minute' WHERE session_id = $1`,
      [claimsOf(first).session_id],
    );
    const third = await fixture.open();
    expect(await Promise.all([first, second, third].map(isActive))).toEqual([true, false, true]);
  });

  it('falls to a lower limit with the next session, and does not count those of other users', async () => {
    const tokens = [await fixture.open(), await fixture.open(), await fixture.open()];
    const { owner } = fixture;
    const { userId } = await seedUser(fixture.db, owner.tenantId);
    const other = await fixture.open({ ...owner, id: userId });
    fixture.maxSessions = 1;
    fixture.clock.forward(1_000);
    const last = await fixture.open();
    expect(await Promise.all([...tokens, last].map(isActive))).toEqual([false, false, false, true]);
    const stored = await fixture.db.sql('SELECT is_active FROM user_sessions WHERE id = $1', [
      claimsOf(other).session_id,
    ]);
    expect(stored).toEqual([{ is_active: true }]);
  });
});
