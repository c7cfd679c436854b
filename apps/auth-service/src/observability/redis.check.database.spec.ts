import { canStartRedis, startRedis, type TestRedis } from '@poc-tracker/testing';
import { RateLimitStorage } from '@poc-tracker/rate-limit';
import { shareRedis } from '@poc-tracker/redis';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisCheck } from './redis.check.js';

describe.skipIf(!canStartRedis())('RedisCheck', () => {
  let server: TestRedis;
  let client: Redis;
  let limits: RateLimitStorage;

  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.url);
    limits = new RateLimitStorage(shareRedis(server.url, 'spec'));
    await limits.onModuleInit();
  });

  afterAll(async () => {
    client?.disconnect();
    limits?.onApplicationShutdown();
    await server?.stop();
  });

  const probe = () => new RedisCheck({ client }, limits).probe();

  it('accepts a Redis that stores what it is told, and leaves nothing there for long', async () => {
    expect(await probe()).toMatchObject({ mode: 'server' });
    expect(await client.pttl('poc-tracker:health')).not.toBe(-1);
  });

  it('fails while Redis is full', async () => {
    await client.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1');
    await expect(probe()).rejects.toThrow('OOM');
    await client.config('SET', 'maxmemory', '0');
    await expect.poll(() => probe(), { timeout: 10_000 }).toBeDefined();
  });

  it('fails while Redis is too slow for the rate limits, although it answers in the end', async () => {
    await client.call('CLIENT', 'PAUSE', '900', 'WRITE');
    await expect(probe()).rejects.toThrow('counts rate limits for itself');
    await expect.poll(() => probe(), { timeout: 10_000 }).toBeDefined();
  });

  it('fails while Redis is a read-only replica', async () => {
    await client.replicaof('127.0.0.1', 1);
    await expect(probe()).rejects.toThrow(/READONLY|read only/);
    await client.replicaof('NO', 'ONE');
    await expect.poll(() => probe(), { timeout: 10_000 }).toBeDefined();
  });
});
