import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { RedisOutages } from '@poc-tracker/redis';
import { canStartRedis, randomNumbers, redisUrl, startRedis } from '@poc-tracker/testing';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { attempts } from './attempts.fixture.js';
import { countingScript, scriptArguments, toVerdicts } from './counting-script.js';
import type { Hit } from './hit-counter.js';
import { MemoryCounter } from './memory-counter.js';
import { RedisCounter } from './redis-counter.js';

const newHit = (limit: number, more: Partial<Hit> = {}): Hit => ({
  key: `poc-tracker:rate_limit:spec:${randomUUID()}`,
  limit,
  windowSeconds: 60,
  shadow: false,
  ...more,
});

const counters: RedisCounter[] = [];
let warnings: string[];
let redis: Redis;

beforeEach(() => {
  warnings = [];
  vi.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => {
    // Connections of other specs may fail in the same process.
    if (String(message).includes('rate limits')) warnings.push(String(message));
  });
  vi.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
  redis = new Redis(redisUrl());
});

afterEach(() => {
  for (const counter of counters.splice(0)) counter.stop();
  redis.disconnect();
  vi.restoreAllMocks();
});

async function start(url = redisUrl(), now?: () => number): Promise<RedisCounter> {
  const counter = new RedisCounter(
    { url, applicationName: 'spec', outages: new RedisOutages() },
    new MemoryCounter(),
    now,
  );
  counters.push(counter);
  await counter.start();
  return counter;
}

describe('the script that counts in Redis', () => {
  it.each([21, 22, 23, 24])(
    'gives the verdicts of the counter in memory (seed %i)',
    async (seed) => {
      const { limit, windowSeconds, times } = attempts(seed, 150);
      const random = randomNumbers(seed);
      let now = 0;
      const memory = new MemoryCounter(() => now);
      const hits = [
        newHit(limit, { windowSeconds }),
        newHit(limit + 1, { windowSeconds, shadow: random() < 0.5 }),
      ];
      for (now of times) {
        const some = random() < 0.7 ? hits : hits.slice(1);
        const answer = await redis.eval(
          countingScript('tonumber(ARGV[#ARGV])'),
          some.length,
          ...scriptArguments(some),
          String(now),
        );
        expect(toVerdicts(answer, some)).toEqual(memory.take(some));
      }
    },
  );

  it('neither lifts a limit nor locks a source when the clock of Redis goes back', async () => {
    const hit = newHit(5);
    const take = async (now: number) =>
      toVerdicts(
        await redis.eval(
          countingScript('tonumber(ARGV[#ARGV])'),
          1,
          ...scriptArguments([hit]),
          String(now),
        ),
        [hit],
      )[0];
    const future = Date.now() + 3_600_000;
    for (let attempt = 0; attempt < 5; attempt += 1) await take(future);
    const now = future - 3_600_000;
    const refused = await take(now);
    expect(refused?.exceeded).toBe(true);
    expect(refused?.resetMs).toBeLessThanOrEqual(62_000);
    expect(await take(now + 62_000)).toMatchObject({ exceeded: false });
  });

  it.each(['-1000', '-1.5', '0', 'nan', '-inf', 'inf', '1.5', '1e300', '9'.repeat(30), '', 'x'])(
    'keeps the limit if the count in Redis was replaced by "%s"',
    async (count) => {
      const counter = await start();
      const hit = newHit(3);
      await counter.take([hit]);
      for (const slot of await redis.hkeys(hit.key)) await redis.hset(hit.key, slot, count);
      await redis.hset(hit.key, 'x', '-1000', 'nan', '5', '-1', count, '99999999999999', count);
      const verdicts = [];
      for (let attempt = 0; attempt < 4; attempt += 1) verdicts.push(await counter.take([hit]));
      const passed = verdicts.filter(([verdict]) => verdict?.exceeded === false);
      expect(passed.length).toBeLessThanOrEqual(3);
      expect(passed.length).toBeGreaterThan(0);
      expect(counter.isDegraded).toBe(false);
    },
  );

  it('lets its keys expire with the window', async () => {
    const hit = newHit(5);
    await (await start()).take([hit]);
    const ttl = await redis.pttl(hit.key);
    expect(ttl).toBeGreaterThan(60_000);
    expect(ttl).toBeLessThanOrEqual(62_000);
  });
});

describe('the counter in Redis', () => {
  it('lets exactly the limit pass of 100 attempts at once over two instances', async () => {
    const [one, other] = [await start(), await start()];
    // Nest starts it twice.
    await Promise.all([one.start(), other.start()]);
    const hits = [newHit(37), newHit(1_000)];
    const verdicts = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => (index % 2 ? one : other).take(hits)),
    );
    const passed = verdicts.filter((verdict) => verdict[0]?.exceeded === false);
    expect(passed).toHaveLength(37);
    // Refused attempts are counted by no rule.
    const [, wide] = await one.take([newHit(1), ...hits.slice(1)]);
    expect(wide?.remaining).toBe(1_000 - 37 - 1);
    expect(warnings).toEqual([]);
  });

  it('counts in the process while Redis cannot be reached, with one line in the log', async () => {
    const counter = await start('redis://127.0.0.1:1');
    const hit = newHit(3);
    const verdicts = [];
    for (let attempt = 0; attempt < 5; attempt += 1) verdicts.push(await counter.take([hit]));
    expect(verdicts.map(([verdict]) => verdict?.exceeded)).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
    expect(counter.isDegraded).toBe(true);
    expect(warnings).toHaveLength(1);
  });

  describe.runIf(canStartRedis())('on a Redis that fails', () => {
    const withServer = async (work: (admin: Redis, url: string) => Promise<void>) => {
      const server = await startRedis();
      const admin = new Redis(server.url);
      try {
        await work(admin, server.url);
      } finally {
        admin.disconnect();
        await server.stop();
      }
    };

    it.each<[string, (admin: Redis) => Promise<unknown>, (admin: Redis) => Promise<unknown>]>([
      [
        'is full',
        async (admin) => {
          await admin.config('SET', 'maxmemory-policy', 'noeviction');
          await admin.config('SET', 'maxmemory', '1');
        },
        (admin) => admin.config('SET', 'maxmemory', '0'),
      ],
      [
        'is read-only',
        (admin) => admin.call('REPLICAOF', '127.0.0.1', '1'),
        (admin) => admin.call('REPLICAOF', 'NO', 'ONE'),
      ],
      [
        'does not answer',
        (admin) => admin.call('CLIENT', 'PAUSE', '100000', 'WRITE'),
        (admin) => admin.call('CLIENT', 'UNPAUSE'),
      ],
    ])('counts in the process while Redis %s, and in Redis afterwards', async (_, fail, repair) => {
      await withServer(async (admin, url) => {
        let now = 0;
        const counter = await start(url, () => now);
        const hit = newHit(3);
        await counter.take([hit]);
        await fail(admin);
        for (let attempt = 0; attempt < 3; attempt += 1)
          expect((await counter.take([hit]))[0]?.exceeded).toBe(false);
        expect((await counter.take([hit]))[0]?.exceeded).toBe(true);
        expect(counter.isDegraded).toBe(true);
        expect(warnings).toHaveLength(1);
        await repair(admin);
        now += 1_000;
        await vi.waitFor(async () => {
          now += 1_000;
          await counter.take([newHit(3)]);
          expect(counter.isDegraded).toBe(false);
        }, 10_000);
        // The window in Redis still has the first attempt, and perhaps the one whose answer did not come in time.
        expect((await counter.take([hit]))[0]?.remaining).toBeLessThanOrEqual(1);
      });
    });

    it('starts within two seconds on a frozen Redis, and counts there when it answers', async () => {
      const server = await startRedis();
      try {
        server.freeze();
        const began = performance.now();
        let now = 0;
        const counter = await start(server.url, () => now);
        expect(performance.now() - began).toBeLessThan(2_000);
        expect(counter.isDegraded).toBe(true);
        expect(counter.take([newHit(3)])).toMatchObject([{ exceeded: false }]);
        server.thaw();
        await vi.waitFor(async () => {
          now += 1_000;
          await counter.take([newHit(3)]);
          expect(counter.isDegraded).toBe(false);
        }, 10_000);
        expect(warnings).toHaveLength(1);
      } finally {
        await server.stop();
      }
    });

    it('does not wait for a Redis that hangs, except one request in a second', async () => {
      await withServer(async (admin, url) => {
        const counter = await start(url, () => 0);
        await admin.call('CLIENT', 'PAUSE', '100000', 'ALL');
        await counter.take([newHit(3)]);
        // Verdicts of this process need no promise.
        expect(counter.take([newHit(3)])).toMatchObject([{ exceeded: false }]);
      });
    });
  });
});
