import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { runInRequestContext } from '@poc-tracker/tenancy';
import { shareRedis } from '@poc-tracker/redis';
import { canStartRedis, redisUrl, type StartedRedis, startRedis } from '@poc-tracker/testing';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RedisConnection } from '../../redis/redis.connection.js';
import { AccountLock } from './account-lock.js';
import { addSessionDevice } from './known-devices.js';
import { LOCK_MS } from './lockout.rules.js';

const connections: RedisConnection[] = [];
let redis: Redis;
let tenantId: string;
let userId: string;

/** An instance of the service, with a connection to Redis of its own. */
async function instance(
  url = redisUrl(),
): Promise<{ lock: AccountLock; connection: RedisConnection }> {
  const connection = new RedisConnection(shareRedis(url, 'spec'));
  connections.push(connection);
  connection.onModuleInit();
  await vi.waitFor(() => expect(connection.client?.status).toBe('ready'), 5_000);
  return { lock: new AccountLock(connection), connection };
}

beforeEach(() => {
  vi.spyOn(Logger.prototype, 'log').mockReturnValue();
  redis ??= new Redis(redisUrl());
  [tenantId, userId] = [randomUUID(), randomUUID()];
});

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(connections.splice(0).map((each) => each.onApplicationShutdown()));
});

afterAll(() => {
  redis?.disconnect();
});

const account = () => ({ tenantId, userId });
const lockKey = () => `poc-tracker:account_locked:{${tenantId}}:${userId}`;
const failuresKey = () => `poc-tracker:failed_login:{${tenantId}}:${userId}`;

async function failTimes(lock: AccountLock, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) await lock.recordFailure(account());
}

/** Moves the clock of this process, which no setting of the system moves. */
function advance(milliseconds: number): void {
  const real = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => real() + milliseconds);
}

describe('AccountLock with Redis', () => {
  it('locks once under 100 parallel failures over two instances, at the sixth', async () => {
    const [one, two] = await Promise.all([instance(), instance()]);
    await failTimes(one.lock, 3);
    await failTimes(two.lock, 2);
    expect(await one.lock.isLocked(account())).toBe(false);
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 === 0 ? one : two).lock.recordFailure(account()),
      ),
    );
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect([await one.lock.isLocked(account()), await two.lock.isLocked(account())]).toEqual([
      true,
      true,
    ]);
    expect(await one.lock.isLocked({ tenantId: randomUUID(), userId })).toBe(false);
    const until = await two.lock.lockedUntil(tenantId, userId);
    expect((until?.getTime() ?? 0) - Date.now()).toBeGreaterThan(LOCK_MS - 60_000);
    expect(await redis.pttl(lockKey())).toBeLessThanOrEqual(LOCK_MS);
  });

  it('counts every parallel failure, and leaves no key without an expiry', async () => {
    const [one, two] = await Promise.all([instance(), instance()]);
    const fail = (lock: AccountLock) => lock.recordFailure(account());
    await Promise.all([fail(one.lock), fail(two.lock), fail(one.lock), fail(two.lock)]);
    expect(await redis.llen(failuresKey())).toBe(4);
    expect(await redis.pttl(failuresKey())).toBeGreaterThan(0);
  });

  it('resets the count by a success, which a failure at the same time does not undo', async () => {
    const { lock } = await instance();
    await failTimes(lock, 5);
    const [succeeded] = await Promise.all([
      lock.recordSuccess(account()),
      lock.recordFailure(account()),
    ]);
    expect(succeeded).toBe(true);
    expect(await redis.llen(failuresKey())).toBe(1);
  });

  it('refuses a success that was verified while the account was being locked', async () => {
    const { lock } = await instance();
    await failTimes(lock, 6);
    expect(await lock.recordSuccess(account())).toBe(false);
  });

  it('unlocks the account on every instance', async () => {
    const [one, two] = await Promise.all([instance(), instance()]);
    await failTimes(one.lock, 6);
    expect(await two.lock.isLocked(account())).toBe(true);
    await one.lock.unlock(tenantId, userId);
    expect([await one.lock.isLocked(account()), await two.lock.isLocked(account())]).toEqual([
      false,
      false,
    ]);
  });

  it('resets the count on request, and leaves a lock in place', async () => {
    const { lock } = await instance();
    await failTimes(lock, 5);
    await lock.resetCount(tenantId, userId);
    await failTimes(lock, 5);
    expect(await lock.isLocked(account())).toBe(false);
    await failTimes(lock, 1);
    await lock.resetCount(tenantId, userId);
    expect(await lock.isLocked(account())).toBe(true);
  });

  it('stores nothing for an account that does not exist', async () => {
    const { lock } = await instance();
    const nowhere = { tenantId, userId: null };
    for (let done = 0; done < 20; done += 1) {
      expect(await lock.recordFailure(nowhere)).toBe(false);
      expect(await lock.isLocked(nowhere)).toBe(false);
    }
    expect(await redis.keys(`*${tenantId}*`)).toEqual([]);
  });

  it('counts a known device apart: neither locks out the other', async () => {
    const { lock } = await instance();
    const deviceId = randomUUID();
    const onDevice = <T>(work: () => T): T =>
      runInRequestContext({ requestId: 'r' }, () => {
        addSessionDevice('POST', { tenantId, userId, sessionId: deviceId });
        return work();
      });
    await failTimes(lock, 6);
    expect(await onDevice(() => lock.isLocked(account()))).toBe(false);
    await onDevice(() => failTimes(lock, 6));
    expect(await onDevice(() => lock.isLocked(account()))).toBe(true);
    await lock.unlock(tenantId, userId);
    expect(await lock.isLocked(account())).toBe(false);
    expect(await onDevice(() => lock.isLocked(account()))).toBe(true);
    const other = { tenantId, userId: randomUUID() };
    await onDevice(async () => {
      for (let done = 0; done < 6; done += 1) await lock.recordFailure(other);
    });
    expect(await lock.isLocked(other)).toBe(true);
  });
});

describe('AccountLock when clocks jump or Redis is lost', () => {
  it('keeps a lock whose end the clock of Redis has passed by a jump', async () => {
    const { lock } = await instance();
    await failTimes(lock, 6);
    // What Redis does when its clock goes forward.
    await redis.del(lockKey());
    expect(await lock.isLocked(account())).toBe(true);
    expect(await lock.recordSuccess(account())).toBe(false);
    advance(LOCK_MS);
    expect(await lock.isLocked(account())).toBe(false);
  });

  it('ends a lock after 15 minutes although the clock of Redis went back', async () => {
    const { lock } = await instance();
    await failTimes(lock, 6);
    await redis.pexpire(lockKey(), 365 * 24 * LOCK_MS);
    expect(await lock.isLocked(account())).toBe(true);
    advance(LOCK_MS);
    expect(await lock.isLocked(account())).toBe(false);
    expect(await redis.exists(lockKey())).toBe(0);
    expect(await lock.recordSuccess(account())).toBe(true);
  });

  it('tells whether an account is locked from the one answer that Redis gives, and otherwise fails', async () => {
    vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const [here, there] = [await instance(), await instance()];
    await failTimes(there.lock, 6);
    const client = here.connection.client as Redis;
    const evaluate = client.eval.bind(client) as (...args: unknown[]) => Promise<unknown>;
    vi.spyOn(client, 'eval')
      .mockImplementationOnce((...args: unknown[]) => evaluate(...args))
      .mockRejectedValue(new Error('LOADING'));
    expect(await here.lock.isLockedAnywhere(tenantId, userId)).toBe(true);
    await expect(here.lock.isLockedAnywhere(tenantId, userId)).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
  });

  it('counts failures from before the clock of Redis went back as recent', async () => {
    const { lock } = await instance();
    const future = Date.now() + 365 * 24 * LOCK_MS;
    await redis.lpush(failuresKey(), ...Array.from({ length: 5 }, () => String(future)));
    expect(await lock.recordFailure(account())).toBe(true);
  });

  it('keeps the locks that it knows and counts by itself while Redis is lost, with one line in the log', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const { lock, connection } = await instance();
    await failTimes(lock, 6);
    vi.spyOn(connection.client as Redis, 'eval').mockRejectedValue(new Error('OOM'));
    expect(await lock.isLocked(account())).toBe(true);
    userId = randomUUID();
    await failTimes(lock, 5);
    expect(await lock.isLocked(account())).toBe(false);
    expect(await lock.recordFailure(account())).toBe(true);
    expect(await lock.isLocked(account())).toBe(true);
    expect(warn).toHaveBeenCalledTimes(1);
    connection.client?.disconnect();
    expect(await lock.isLocked(account())).toBe(true);
  });
});

describe('AccountLock without Redis', () => {
  it('locks and unlocks in this process', async () => {
    const lock = new AccountLock(new RedisConnection(undefined));
    await failTimes(lock, 6);
    expect(await lock.isLockedAnywhere(tenantId, userId)).toBe(true);
    await lock.unlock(tenantId, userId);
    expect(await lock.isLockedAnywhere(tenantId, userId)).toBe(false);
    await failTimes(lock, 5);
    await lock.resetCount(tenantId, userId);
    await failTimes(lock, 5);
    expect(await lock.isLocked(account())).toBe(false);
  });
});

describe.runIf(canStartRedis())('AccountLock with a Redis that fails', () => {
  let server: StartedRedis;
  let admin: Redis;
  let warnings: string[];
  let notes: string[];

  beforeEach(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
    admin.on('error', () => undefined);
    [warnings, notes] = [[], []];
    vi.spyOn(Logger.prototype, 'warn').mockImplementation((line) => void warnings.push(line));
    vi.spyOn(Logger.prototype, 'log').mockImplementation((line) => void notes.push(line));
  });

  afterEach(async () => {
    admin.disconnect();
    await server.stop();
  });

  it('waits for a frozen Redis at most once a second, and counts by itself meanwhile', async () => {
    const { lock } = await instance(server.url);
    await failTimes(lock, 1);
    server.freeze();
    await lock.isLocked(account());
    const began = performance.now();
    await failTimes(lock, 5);
    expect(await lock.isLocked(account())).toBe(false);
    expect(await lock.recordFailure(account())).toBe(true);
    expect(await lock.isLocked(account())).toBe(true);
    expect(performance.now() - began).toBeLessThan(900);
    expect(warnings).toHaveLength(1);
    server.thaw();
    await vi.waitFor(async () => {
      await lock.recordFailure({ tenantId, userId: randomUUID() });
      expect(notes).toEqual(['Redis is used again.']);
    }, 10_000);
  });

  it.each<[string, () => unknown]>([
    ['is lost', () => server.stop()],
    ['is frozen', () => server.freeze()],
    ['is read-only', () => admin.replicaof('127.0.0.1', 1)],
  ])('does not claim to have unlocked an account while Redis %s', async (_what, begin) => {
    const { lock } = await instance(server.url);
    await failTimes(lock, 6);
    await begin();
    await expect(lock.unlock(tenantId, userId)).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    expect(await lock.isLocked(account())).toBe(true);
  });

  it('unlocks an account that two instances have locked by themselves while Redis did not answer', async () => {
    const [one, two] = await Promise.all([instance(server.url), instance(server.url)]);
    server.freeze();
    for (const { lock } of [one, two]) {
      await lock.isLocked(account());
      await failTimes(lock, 6);
      expect(await lock.isLocked(account())).toBe(true);
    }
    server.thaw();
    await vi.waitFor(() => one.lock.unlock(tenantId, userId), 10_000);
    await vi.waitFor(async () => {
      expect(await one.lock.isLocked(account())).toBe(false);
      expect(await two.lock.isLocked(account())).toBe(false);
    }, 10_000);
  });

  it.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
    [
      'is read-only',
      () => admin.call('REPLICAOF', '127.0.0.1', '1'),
      () => admin.call('REPLICAOF', 'NO', 'ONE'),
    ],
    [
      'lacks a replica',
      () => admin.config('SET', 'min-replicas-to-write', '1'),
      () => admin.config('SET', 'min-replicas-to-write', '0'),
    ],
    [
      'is full',
      () => admin.config('SET', 'maxmemory', '1'),
      () => admin.config('SET', 'maxmemory', '0'),
    ],
  ])('logs one line when a Redis %s and one when that ends', async (_what, begin, end) => {
    const { lock } = await instance(server.url);
    await begin();
    for (let login = 0; login < 4; login += 1) {
      await lock.isLocked(account());
      await lock.recordFailure(account());
      await lock.recordSuccess({ tenantId, userId: randomUUID() });
    }
    expect([warnings.length, notes.length]).toEqual([1, 0]);
    await end();
    for (let login = 0; login < 3; login += 1) {
      await lock.isLocked(account());
      await lock.recordFailure(account());
    }
    expect([warnings.length, notes.length]).toEqual([1, 1]);
  });
});
