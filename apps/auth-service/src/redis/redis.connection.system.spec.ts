import { Logger } from '@nestjs/common';
import { shareRedis } from '@poc-tracker/redis';
import { FakeRedis } from '@poc-tracker/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RedisCheck } from '../observability/redis.check.js';
import { RedisConnection } from './redis.connection.js';

/** Rate limits have a connection of their own. */
const SHARED_LIMITS = { assertShared: () => Promise.resolve() };

let fake: FakeRedis;
let connection: RedisConnection;
let warnings: string[];

beforeEach(async () => {
  warnings = [];
  vi.spyOn(Logger.prototype, 'warn').mockImplementation(
    (message: unknown) => void warnings.push(String(message)),
  );
  vi.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
  fake = await FakeRedis.start();
  connection = new RedisConnection(shareRedis(fake.url, 'spec'));
});

afterEach(async () => {
  await connection.onApplicationShutdown();
  await fake.stop();
  vi.restoreAllMocks();
});

const isReady = (): Promise<void> =>
  vi.waitFor(() => {
    expect(connection.client?.status).toBe('ready');
  }, 10_000);

describe('the connection to Redis', () => {
  it('connects in the background and reports the memory in use', async () => {
    connection.onModuleInit();
    await isReady();
    expect(await new RedisCheck(connection, SHARED_LIMITS).probe()).toEqual({
      mode: 'server',
      usedMemoryBytes: 1_234_567,
    });
    expect(warnings).toEqual([]);
  });

  it('fails commands immediately while Redis is down, logs one warning without the password, and reconnects', async () => {
    connection.onModuleInit();
    await isReady();
    const { port } = fake;
    await fake.stop();
    await vi.waitFor(() => {
      expect(connection.client?.status).toBe('reconnecting');
    }, 5_000);
    const started = Date.now();
    await expect(new RedisCheck(connection, SHARED_LIMITS).probe()).rejects.toThrow();
    expect(Date.now() - started).toBeLessThan(500);
    await vi.waitFor(() => {
      expect(warnings.length).toBeGreaterThan(0);
    }, 5_000);
    fake = await FakeRedis.start({ port });
    await isReady();
    await new RedisCheck(connection, SHARED_LIMITS).probe();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).not.toContain('hunter2');
  });

  it('times out commands that Redis does not answer', async () => {
    connection.onModuleInit();
    await isReady();
    fake.silent = true;
    const started = Date.now();
    await expect(new RedisCheck(connection, SHARED_LIMITS).probe()).rejects.toThrow();
    expect(Date.now() - started).toBeLessThan(2_000);
  });

  it('sends QUIT at shutdown and disconnects in time when Redis does not answer it', async () => {
    connection.onModuleInit();
    await isReady();
    await connection.onApplicationShutdown();
    expect(fake.commands).toContain('quit');
    await vi.waitFor(() => {
      expect(connection.client?.status).toBe('end');
    }, 1_000);

    const unanswered = new RedisConnection(shareRedis(fake.url, 'spec'));
    unanswered.onModuleInit();
    await vi.waitFor(() => {
      expect(unanswered.client?.status).toBe('ready');
    }, 5_000);
    fake.silent = true;
    const started = Date.now();
    await unanswered.onApplicationShutdown();
    expect(Date.now() - started).toBeLessThan(2_500);
  });

  it('has no client without a REDIS_URL', async () => {
    const none = new RedisConnection(undefined);
    none.onModuleInit();
    await none.onApplicationShutdown();
    expect(none.client).toBeUndefined();
  });
});
