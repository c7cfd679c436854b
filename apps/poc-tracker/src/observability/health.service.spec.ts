import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FileStorage } from '../storage/file-storage.js';
import type { TenantDatabase, WriteProbe } from '@poc-tracker/tenancy';
import { HealthService } from './health.service.js';

interface Query {
  resolve: (rows: unknown[]) => void;
  reject: (error: Error) => void;
}

let queries: Query[];
let health: HealthService;
let assertStorage: () => Promise<void>;

const advance = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
const resolveQuery = (): void => queries.at(-1)?.resolve([]);
const logged = () =>
  [Logger.prototype.warn, Logger.prototype.log].map((log) => vi.mocked(log).mock.calls.length);

/** Polls once per second, as a load balancer does. */
async function poll(seconds: number): Promise<string[]> {
  const seen: string[] = [];
  for (let passed = 0; passed < seconds; passed += 1) {
    void health.readiness().then(({ status }) => seen.push(status));
    await advance(1_000);
  }
  return seen;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
  vi.spyOn(Logger.prototype, 'log').mockReturnValue();
  queries = [];
  const ask = () =>
    new Promise<unknown[]>((resolve, reject) => {
      queries.push({ resolve, reject });
    });
  assertStorage = () => Promise.resolve();
  health = new HealthService(
    { version: '0.0.0', exposure: { docs: true, healthDetails: true } },
    { lookup: () => Promise.resolve([{ now: new Date() }]) } as unknown as TenantDatabase,
    { assertWritable: ask } as unknown as WriteProbe,
    { assertWritable: () => assertStorage() } as unknown as FileStorage,
  );
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('the HealthService of the tracker', () => {
  it('queries a hanging database once, however often it is polled, and logs one warning', async () => {
    const seen = await poll(30);
    expect(new Set(seen)).toEqual(new Set(['unhealthy']));
    expect(queries).toHaveLength(1);
    expect(logged()).toEqual([1, 0]);
  });

  it('queries again after the hanging query has ended, and logs the recovery', async () => {
    await poll(5);
    queries[0]?.reject(new Error('canceled'));
    await advance(0);
    const again = health.readiness();
    expect(queries).toHaveLength(2);
    resolveQuery();
    expect((await again).status).toBe('healthy');
    expect(logged()).toEqual([1, 1]);
  });

  it('logs each outage once', async () => {
    for (const failing of [true, true, false, true]) {
      const report = health.readiness();
      if (failing) queries.at(-1)?.reject(new Error('connect ECONNREFUSED'));
      else resolveQuery();
      expect((await report).status).toBe(failing ? 'unhealthy' : 'healthy');
      await advance(1_000);
    }
    expect(logged()).toEqual([2, 1]);
  });

  it('is not ready any more when the service stops, so that load balancers notice', async () => {
    const before = health.readiness();
    resolveQuery();
    expect((await before).status).toBe('healthy');
    health.beforeApplicationShutdown();
    expect((await health.readiness()).status).toBe('unhealthy');
  });

  it.each([
    ['ENOSPC', 'degraded'],
    ['EDQUOT', 'degraded'],
    ['EROFS', 'unhealthy'],
  ])('reports a storage that fails with %s as %s', async (code, status) => {
    assertStorage = () => Promise.reject(Object.assign(new Error(code), { code }));
    const report = health.report();
    await advance(0);
    resolveQuery();
    const { services, ...overall } = await report;
    expect([overall.status, services.storage.healthy]).toEqual([status, false]);
  });
});
