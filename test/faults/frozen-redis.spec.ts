import {
  createTestDatabase,
  type StartedRedis,
  startRedis,
  type TestDatabase,
} from '@poc-tracker/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ServiceFixture } from '../e2e/service.fixture.js';

let database: TestDatabase;
let server: StartedRedis;
let service: ServiceFixture | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startRedis();
});

afterEach(async () => {
  server.thaw();
  await service?.app.close();
  service = undefined;
});

afterAll(async () => {
  await database?.drop();
  await server?.stop();
});

const start = async (): Promise<ServiceFixture> => {
  service = await ServiceFixture.start({ REDIS_URL: server.url }, database);
  return service;
};

describe('a frozen Redis', () => {
  it('does not stop an instance from starting and logging users in', async () => {
    server.freeze();
    const instance = await start();
    const { tenantId, host } = await instance.tenant();
    const user = await instance.user(tenantId);
    expect((await instance.login(host, user)).tokens.accessToken).toBeTruthy();
  }, 15_000);

  it('delays at most one request a second of an instance that runs', async () => {
    const instance = await start();
    const { tenantId, host } = await instance.tenant();
    const user = await instance.user(tenantId, { role: 'admin' });
    const measure = async (work: () => Promise<unknown>): Promise<number> => {
      const began = performance.now();
      await work();
      return performance.now() - began;
    };
    const { tokens } = await instance.login(host, user);
    server.freeze();
    const token = tokens.accessToken;
    const delays = [];
    for (let round = 0; round < 3; round += 1) {
      delays.push(await measure(() => instance.login(host, user)));
      delays.push(
        await measure(() => instance.call('GET', `/auth/users/${user.userId}`, { host, token })),
      );
    }
    // Every request waited for a second or more when each of its commands was waited for.
    expect(delays.reduce((sum, each) => sum + each)).toBeLessThan(7_000);
  });
});
