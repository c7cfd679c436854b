import {
  createTestDatabase,
  startRedis,
  type TestDatabase,
  type TestRedis,
} from '@poc-tracker/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { ServiceFixture } from '../e2e/service.fixture.js';

export let database: TestDatabase;
export let server: TestRedis;
export let redis: Redis;
export let here: ServiceFixture;
export let there: ServiceFixture;

/** Starts two instances of the service on one database and on a Redis that the specs may stop. */
export function useTwoInstances(): void {
  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startRedis();
    redis = new Redis(server.url);
    redis.on('error', () => undefined);
    here = await ServiceFixture.start({ REDIS_URL: server.url }, database);
    there = await here.restarted();
  });

  afterAll(async () => {
    await there?.app.close();
    await here?.stop();
    redis?.disconnect();
    await server?.stop();
  });
}

/** After the spec has stopped it. It is empty, as after a flush. */
export async function restartRedis(): Promise<void> {
  server = await startRedis(Number(new URL(server.url).port));
}

/** After the spec has closed it. */
export async function restartThere(): Promise<void> {
  there = await here.restarted();
}
