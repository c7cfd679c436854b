import { randomUUID } from 'node:crypto';
import { redisUrl } from '@poc-tracker/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  blacklistKey,
  mirrorLeaseKey,
  sessionKey,
  tenantSessionsKey,
} from '../../redis/session-keys.js';
import { accessTokenId } from '../tokens/access-token-id.js';
import { toMirroredSession } from './mirrored-session.js';
import { MirrorStore, NotTheWriter } from './mirror-store.js';
import type { SessionRow } from './session-mirror.repository.js';

const HOUR = 3_600_000;

let redis: Redis;
let source: string;
let row: SessionRow;

beforeAll(() => {
  redis = new Redis(redisUrl());
});

beforeEach(() => {
  source = randomUUID();
  row = {
    tenantId: randomUUID(),
    sessionId: randomUUID(),
    userId: randomUUID(),
    generation: 5,
    previousGeneration: 3,
    lastAccessedAt: new Date(),
    endsAt: new Date(Date.now() + HOUR),
    endedForMs: -HOUR,
    active: true,
    admitted: true,
    createdAt: new Date(),
    deviceId: null,
    role: 'user',
    grants: [],
  };
});

afterAll(() => redis.quit());

const ended = (forMs: number) => ({
  ...row,
  active: false,
  endsAt: new Date(Date.now() - forMs),
  endedForMs: forMs,
});

const refused = (): Promise<number> =>
  redis.exists(
    [2, 3, 4, 5, 6].map((generation) => blacklistKey(accessTokenId(row.sessionId, generation))),
  );

describe('the mirror in Redis', () => {
  it('is not written by a process that lost its lease', async () => {
    const [old, current] = [
      new MirrorStore(redis, source, 'old'),
      new MirrorStore(redis, source, 'current'),
    ];
    expect([await old.claim(), await current.claim()]).toEqual([true, false]);
    await redis.del(mirrorLeaseKey(source));
    expect([await current.claim(), await old.claim()]).toEqual([true, false]);
    await expect(old.write([toMirroredSession(row)])).rejects.toThrow(NotTheWriter);
    await expect(old.advance(undefined, 'stale', HOUR)).rejects.toThrow(NotTheWriter);
    expect(await redis.exists(sessionKey(row.tenantId, row.sessionId))).toBe(0);
    expect(await current.position()).toBeUndefined();
    await old.release();
    expect(await current.advance(undefined, 'next', HOUR)).toBe(true);
  });

  it('does not move on from a position that Redis has lost', async () => {
    const store = new MirrorStore(redis, source, 'writer');
    await store.claim();
    expect(await store.advance(undefined, 'first', HOUR)).toBe(true);
    await store.invalidate();
    expect(await store.advance('first', 'second', HOUR)).toBe(false);
    expect(await store.position()).toBeUndefined();
  });

  it('refuses the tokens that may still be valid, until the last one has expired', async () => {
    const store = new MirrorStore(redis, source, 'writer');
    await store.claim();
    await store.write([toMirroredSession(ended(HOUR))]);
    expect(await refused()).toBe(0);
    await store.write([toMirroredSession(ended(60_000))]);
    expect(await refused()).toBe(3);
    const left = await redis.pttl(blacklistKey(accessTokenId(row.sessionId, 5)));
    expect(left).toBeGreaterThan(14.9 * 60_000);
    expect(left).toBeLessThanOrEqual(15 * 60_000);
    await store.write([toMirroredSession({ ...row, admitted: false })]);
    expect(await refused()).toBe(3);
    await store.write([toMirroredSession(row)]);
    expect(await refused()).toBe(0);
  });

  it('lists no session that has expired, and drops the list with the last one', async () => {
    const store = new MirrorStore(redis, source, 'writer');
    const list = tenantSessionsKey(row.tenantId);
    await store.claim();
    await redis.zadd(list, Date.now() - 1, 'expired');
    await store.write([toMirroredSession(row)]);
    expect(await redis.zrange(list, '0', '-1')).toEqual([row.sessionId]);
    expect(await redis.pttl(list)).toBeLessThanOrEqual(HOUR);
    await store.write([toMirroredSession(ended(1))]);
    expect(await redis.exists(list, sessionKey(row.tenantId, row.sessionId))).toBe(0);
  });
});
