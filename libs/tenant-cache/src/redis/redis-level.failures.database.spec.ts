import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { startRedis, type TestRedis } from '@poc-tracker/testing';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CacheProcess, FakeTable } from '../cache.fixture.js';
import { CLOCK_KEY, generationKey, tenantKey } from '../cache-keys.js';

let server: TestRedis;
let redis: Redis;
let table: FakeTable;
let acme: string;
let key: string;
let here: CacheProcess;
let there: CacheProcess;
let lines: string[];

beforeEach(async () => {
  lines = [];
  for (const level of ['warn', 'log'] as const)
    vi.spyOn(Logger.prototype, level).mockImplementation(
      (line: unknown) => void lines.push(`${level} ${String(line)}`),
    );
  server = await startRedis();
  redis = new Redis(server.url);
  redis.on('error', () => undefined);
  table = new FakeTable();
  table.rows.set('key', 'old');
  acme = randomUUID();
  key = tenantKey(acme, 'text', 'key');
  here = new CacheProcess(table, { redisUrl: server.url });
  there = new CacheProcess(table, { redisUrl: server.url });
  await here.connected();
  await there.connected();
});

afterEach(async () => {
  for (const process of [here, there]) process.stop();
  redis.disconnect();
  await server.stop();
  vi.restoreAllMocks();
});

/** Resolves when the process reads from Redis what another has written. */
async function sharesAgain(): Promise<void> {
  await vi.waitFor(async () => {
    const tenantId = randomUUID();
    const loads = table.loads;
    await here.get(tenantId);
    await new Promise((resolve) => setImmediate(resolve));
    await there.get(tenantId);
    expect(table.loads - loads).toBe(1);
  }, 15_000);
}

/** Loads of the source by ten requests for different keys, and how long the slowest took. */
async function tenRequests(): Promise<number> {
  const started = performance.now();
  for (let index = 0; index < 10; index += 1)
    expect(await here.get(acme, `key-${index}`)).toBe('none');
  return performance.now() - started;
}

describe('a Redis', () => {
  it.each([
    [
      'is full',
      () => redis.config('SET', 'maxmemory', '1'),
      () => redis.config('SET', 'maxmemory', '0'),
    ],
    ['is read-only', () => redis.replicaof('127.0.0.1', 1), () => redis.replicaof('NO', 'ONE')],
    ['does not answer for a while', () => redis.client('PAUSE', 1_500, 'ALL'), () => redis.ping()],
  ])(
    'that %s costs values a short wait, and nothing once it is over',
    async (_what, begin, end) => {
      await begin();
      const [first] = await Promise.all([here.get(acme), here.get(acme)]);
      expect(first).toBe('old');
      // All within the second for which Redis is not asked again. The first request waited 50 ms at most.
      expect(await tenRequests()).toBeLessThan(500);
      table.rows.set('key', 'new');
      here.freshness.change(acme);
      expect(await here.get(acme)).toBe('new');
      await end();
      await sharesAgain();
      expect(lines.filter((line) => !line.startsWith('debug'))).toEqual([
        expect.stringMatching(/^warn Redis cannot be used for cached tenants /),
        'log Redis is used again.',
      ]);
    },
  );

  it('that was flushed serves what is loaded afterwards, and nothing from before', async () => {
    await here.get(acme);
    const text = await vi.waitFor(async () => {
      const stored = await redis.get(key);
      if (stored === null) throw new Error('not written yet');
      return stored;
    });
    const generation = (await redis.get(generationKey(acme))) ?? '';
    await redis.flushall();
    await redis.set(generationKey(acme), generation);
    await redis.set(key, text, 'EX', 60);
    table.rows.set('key', 'new');
    expect(await there.get(acme)).toBe('new');
    await sharesAgain();
  });

  it('that was restarted serves what is loaded afterwards', async () => {
    await here.get(acme);
    const { port } = new URL(server.url);
    await server.stop();
    expect(await there.get(acme)).toBe('old');
    await there.store.dropTenant(acme);
    server = await startRedis(Number(port));
    await sharesAgain();
  });

  it.each([
    ['a list', async () => redis.rpush(key, 'x')],
    ['garbage', async () => redis.set(key, '{"a":')],
    ['a value of another type', async () => storeForged(5)],
    ['a forged value that never expires', async () => storeForged('forged', false)],
    ['a very long text', async () => redis.set(key, 'x'.repeat(1e6), 'EX', 60)],
  ])('that holds %s at the key serves the loaded value afterwards', async (_what, store) => {
    await here.get(acme, 'first');
    await store();
    expect(await here.get(acme)).toBe('old');
    const loads = table.loads;
    await vi.waitFor(async () => {
      expect(await redis.type(key)).toBe('string');
      expect(await redis.get(key)).toContain('"old"');
    });
    expect(await there.get(acme)).toBe('old');
    expect(table.loads).toBe(loads);
  });

  it('that holds another type at the keys of the cache itself is not used', async () => {
    await redis.del(CLOCK_KEY);
    await redis.set(CLOCK_KEY, 'x');
    expect(await here.get(acme)).toBe('old');
    await redis.del(CLOCK_KEY);
    await sharesAgain();
    const globex = randomUUID();
    await redis.rpush(generationKey(globex), 'x');
    expect([await here.get(globex), await there.get(globex)]).toEqual(['old', 'old']);
    expect(await here.get(globex)).toBe('old');
    await here.store.dropTenant(globex);
    expect(await redis.type(generationKey(globex))).toBe('string');
  });
});

/** A value that names the right database and generation, and a ticket that is above all minimums. */
async function storeForged(value: unknown, expires = true): Promise<void> {
  const [issuer, number] = await redis.hmget(CLOCK_KEY, 'issuer', 'number');
  const runId = /^run_id:(\w+)/m.exec(await redis.info('server'))?.[1];
  const generation = await redis.get(generationKey(acme));
  const text = JSON.stringify([
    1,
    'source',
    `${runId}/${issuer}`,
    Number(number) + 1,
    generation,
    value,
  ]);
  await (expires ? redis.set(key, text, 'EX', 60) : redis.set(key, text));
}
