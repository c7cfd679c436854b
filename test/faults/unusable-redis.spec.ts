import { Logger } from '@nestjs/common';
import {
  createTestDatabase,
  FakeRedis,
  REDIS_3_2,
  startRedis,
  type TestDatabase,
} from '@poc-tracker/testing';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServiceFixture } from '../e2e/service.fixture.js';

/** A Redis, and how it is stopped. */
interface Unusable {
  url: string;
  stop: () => Promise<void>;
}

let database: TestDatabase;
let warnings: string[];
let cleanUps: (() => Promise<void>)[];

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database?.drop());

beforeEach(() => {
  [warnings, cleanUps] = [[], []];
  vi.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => {
    warnings.push(String(line));
  });
});

afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  vi.restoreAllMocks();
});

/** Starts a Redis and puts it into a state. */
async function startedIn(breakIt: (admin: Redis) => Promise<unknown>): Promise<Unusable> {
  const server = await startRedis();
  const admin = new Redis(server.url);
  await breakIt(admin);
  admin.disconnect();
  return server;
}

async function frozen(): Promise<Unusable> {
  const server = await startRedis();
  server.freeze();
  return server;
}

describe('A service whose Redis', () => {
  it.each<[string, () => Promise<Unusable>]>([
    ['is too old for its scripts', () => FakeRedis.start({ answers: REDIS_3_2 })],
    [
      'allows no scripts',
      () => startedIn((admin) => admin.call('ACL', 'SETUSER', 'default', '-eval', '-evalsha')),
    ],
    [
      'is full',
      () =>
        startedIn((admin) =>
          admin.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1'),
        ),
    ],
    ['is read-only', () => startedIn((admin) => admin.replicaof('127.0.0.1', 1))],
    ['does not answer', frozen],
  ])(
    '%s counts by itself, is degraded, answers no 500 and logs one warning',
    async (_what, start) => {
      const redis = await start();
      cleanUps.push(() => redis.stop());
      const service = await ServiceFixture.start(
        { REDIS_URL: redis.url, RATE_LIMITS: 'all=1000000/60,login:user=3/900' },
        database,
      );
      cleanUps.push(() => service.app.close());
      const { host, tenantId } = await service.tenant();
      const [ana, bia] = [await service.user(tenantId), await service.user(tenantId)];
      const logIn = async ({ email, password }: typeof ana) =>
        (await service.call('POST', '/auth/login', { host, body: { email, password } })).status;
      const statuses = [];
      for (let attempt = 0; attempt < 5; attempt += 1) statuses.push(await logIn(ana));
      expect(statuses).toEqual([200, 200, 200, 429, 429]);
      const { tokens } = await service.login(host, bia);
      expect(await service.probe(tokens.accessToken)).toBe('accepted');
      expect((await service.refresh(tokens.refreshToken)).status).toBe(200);
      const health = await service.app.inject({ method: 'GET', url: '/health' });
      expect([health.statusCode, health.json<{ status: string }>().status]).toEqual([
        200,
        'degraded',
      ]);
      expect(warnings).toEqual([expect.stringMatching(/^Redis cannot be used for /)]);
    },
  );

  it('denies INFO is used for what needs none, and is not connected to again and again', async () => {
    const server = await startRedis();
    cleanUps.push(() => server.stop());
    const admin = new Redis(server.url);
    await admin.call('ACL', 'SETUSER', 'watcher', 'on', '>watch', '~*', '&*', '+@all');
    await admin.call('ACL', 'SETUSER', 'default', '-info');
    admin.disconnect();
    const watcher = new Redis(server.url, { username: 'watcher', password: 'watch' });
    cleanUps.push(async () => watcher.disconnect());
    const connections = async () =>
      Number(/^total_connections_received:(\d+)/m.exec(await watcher.info('stats'))?.[1]);
    const service = await ServiceFixture.start({ REDIS_URL: server.url }, database);
    cleanUps.push(() => service.app.close());
    const { host, tenantId } = await service.tenant();
    const user = await service.user(tenantId);
    await service.login(host, user);
    const before = await connections();
    for (let attempt = 0; attempt < 20; attempt += 1) await service.login(host, user);
    expect(await connections()).toBe(before);
    const health = await service.app.inject({ method: 'GET', url: '/health' });
    expect(health.json()).toMatchObject({ services: { redis: { healthy: true } } });
    expect(warnings).toEqual([
      expect.stringMatching(/^Redis cannot be used for (revocations|cached tenants) \(NOPERM/),
    ]);
  });

  it('stops and starts again logs one warning and one line at the end of the outage', async () => {
    const notes: string[] = [];
    vi.spyOn(Logger.prototype, 'log').mockImplementation((line: unknown) => {
      if (String(line).startsWith('Redis is')) notes.push(String(line));
    });
    const { url, stop } = await startRedis();
    const service = await ServiceFixture.start({ REDIS_URL: url }, database);
    cleanUps.push(() => service.app.close());
    const { host, tenantId } = await service.tenant();
    const user = await service.user(tenantId);
    await service.login(host, user);
    await stop();
    const failing = { ...user, password: 'not the password' };
    await service.call('POST', '/auth/login', { host, body: failing });
    await service.login(host, user);
    await vi.waitFor(() => expect(warnings).toHaveLength(1), 5_000);
    const again = await startRedis(Number(new URL(url).port));
    cleanUps.push(() => again.stop());
    await vi.waitFor(
      async () => {
        await service.login(host, user);
        expect(notes).toEqual(['Redis is used again.']);
      },
      { timeout: 15_000, interval: 200 },
    );
    expect(warnings).toEqual([expect.stringMatching(/^Redis cannot be used for /)]);
  });
});
