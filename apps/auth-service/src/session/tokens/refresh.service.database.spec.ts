import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Clock } from '../clock.js';
import { claimsOf, HOUR, SECOND, SessionFixture } from '../session.fixture.js';

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

afterEach(() => vi.useRealTimers());

/** The time of the machine, also while `Date` is replaced. */
const realTime = (): number => performance.timeOrigin + performance.now();

describe('refreshing a session', () => {
  it('keeps the session and its row', async () => {
    let token = await fixture.open();
    const first = await fixture.stored(token);
    for (let round = 0; round < 20; round += 1) token = await fixture.refresh(token);
    const last = await fixture.stored(token);
    expect(last).toMatchObject({
      id: first.id,
      generation: 20,
      createdAt: first.createdAt,
    });
  });

  it('gives 100 parallel requests the same successor and revokes no session', async () => {
    const token = await fixture.open();
    const successors = await Promise.all(Array.from({ length: 100 }, () => fixture.refresh(token)));
    expect(new Set(successors).size).toBe(1);
    expect(successors[0]).not.toBe(token);
    expect(await fixture.stored(token)).toMatchObject({ generation: 1, isActive: true });
    await expect(fixture.refresh(successors[0] ?? '')).resolves.toBeTypeOf('string');
  });

  it('gives the same successor to a client that lost the response, within the grace period', async () => {
    const token = await fixture.open();
    const successor = await fixture.refresh(token);
    fixture.clock.forward(10 * SECOND);
    expect(await fixture.refresh(token)).toBe(successor);
  });

  it('revokes the session if a token is replayed after the grace period, and refuses its successor', async () => {
    const token = await fixture.open();
    const successor = await fixture.refresh(token);
    fixture.clock.forward(10 * SECOND + 1);
    await expect(fixture.refresh(token)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    expect(await fixture.stored(token)).toMatchObject({
      isActive: false,
      revokedAt: await fixture.clock.now(),
    });
    await expect(fixture.refresh(successor)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    await expect(fixture.rights(successor)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  it('detects a replay by the generation after two rotations within one second', async () => {
    const token = await fixture.open();
    await fixture.refresh(await fixture.refresh(token));
    await expect(fixture.refresh(token)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    expect((await fixture.stored(token)).isActive).toBe(false);
  });

  it('refuses a replayed token after a restart', async () => {
    const token = await fixture.open();
    const successor = await fixture.refresh(token);
    fixture.clock.forward(11 * SECOND);
    fixture.restart();
    await expect(fixture.refresh(token)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    fixture.restart();
    await expect(fixture.refresh(successor)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  it.each([30 * SECOND, -15 * SECOND, HOUR, -HOUR])(
    'judges the grace period by one clock, although a process is %d ms ahead of the others',
    async (skew) => {
      const asProcess = (ahead: number) => {
        vi.useFakeTimers({ toFake: ['Date'], now: realTime() + ahead });
        fixture.restart(new Clock(fixture.database));
      };
      asProcess(skew);
      const token = await fixture.open();
      const successor = await fixture.refresh(token);
      asProcess(0);
      expect(await fixture.refresh(token)).toBe(successor);
      asProcess(skew);
      expect(await fixture.refresh(token)).toBe(successor);
      await fixture.db.sql(
        `UPDATE user_sessions SET rotated_at = rotated_at - interval '12 seconds' WHERE id = $1`,
        [claimsOf(token).session_id],
      );
      asProcess(skew > 0 ? 0 : skew);
      await expect(fixture.refresh(token)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
      expect((await fixture.stored(token)).isActive).toBe(false);
    },
  );

  it('extends the session by the timeout, and never beyond its lifetime', async () => {
    fixture.sessionLifetime = 60;
    let token = await fixture.open();
    for (const [hours, left] of [
      [0, 24],
      [20, 24],
      [20, 20],
      [19.5, 0.5],
    ] as const) {
      await fixture.age(token, hours);
      token = await fixture.refresh(token);
      const { expiresAt } = await fixture.stored(token);
      expect(expiresAt.getTime() - (await fixture.clock.now()).getTime()).toBe(left * HOUR);
    }
    await fixture.age(token, 0.5);
    await expect(fixture.refresh(token)).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
  });

  it('keeps a session that is used daily for seven days', async () => {
    let token = await fixture.open();
    for (let day = 0; day < 7; day += 1) {
      await fixture.age(token, 23.9);
      token = await fixture.refresh(token);
    }
    await fixture.age(token, 1);
    await expect(fixture.refresh(token)).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
  });

  it('refuses a token that was unused for the timeout, for good', async () => {
    const token = await fixture.open();
    await fixture.age(token, 24);
    await expect(fixture.refresh(token)).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
    await fixture.asOwner(async () =>
      fixture.database.query('UPDATE user_sessions SET last_used_at = $1', [
        await fixture.clock.now(),
      ]),
    );
    await expect(fixture.refresh(token)).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
  });

  it('has no effect after the session has expired in the database', async () => {
    const token = await fixture.open();
    await fixture.db.sql('UPDATE user_sessions SET expires_at = now() WHERE id = $1', [
      claimsOf(token).session_id,
    ]);
    await expect(fixture.rights(token)).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
    await expect(fixture.refresh(token)).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
  });

  it('refuses a token that was unused for seven days, whatever the session says', async () => {
    const token = await fixture.open();
    await fixture.db.sql(
      `UPDATE user_sessions SET expires_at = now() + interval '1 year', ends_at = now() + interval '1 year'`,
    );
    fixture.clock.forward(7 * 24 * HOUR);
    await expect(fixture.refresh(token)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
  });

  it('refuses a token of another tenant than the host names, without spending it', async () => {
    const token = await fixture.open();
    await expect(fixture.refresh(token, 'another.poctracker.com')).rejects.toMatchObject({
      code: 'TENANT_MISMATCH',
    });
    await expect(fixture.refresh(token)).resolves.toBeTypeOf('string');
  });
});
