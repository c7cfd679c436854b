import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FileStorage } from '../storage/file-storage.js';
import type { TenantDatabase } from '@poc-tracker/tenancy';
import { HealthService } from './health.service.js';

interface Question {
  resolve: (rows: unknown[]) => void;
  reject: (error: Error) => void;
}

let asked: Question[];
let health: HealthService;

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
const answer = (): void => asked.at(-1)?.resolve([]);
const logged = () =>
  [Logger.prototype.warn, Logger.prototype.log].map((log) => vi.mocked(log).mock.calls.length);

/** Asks once a second, as a load balancer does. */
async function watch(seconds: number): Promise<string[]> {
  const seen: string[] = [];
  for (let passed = 0; passed < seconds; passed += 1) {
    void health.readiness().then(({ status }) => seen.push(status));
    await pass(1_000);
  }
  return seen;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
  vi.spyOn(Logger.prototype, 'log').mockReturnValue();
  asked = [];
  const lookup = () =>
    new Promise<unknown[]>((resolve, reject) => {
      asked.push({ resolve, reject });
    });
  health = new HealthService(
    { version: '0.0.0' },
    { lookup } as unknown as TenantDatabase,
    { assertWritable: () => Promise.resolve() } as unknown as FileStorage,
  );
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('the health of the tracker', () => {
  it('asks a database that hangs once, however often it is asked itself, and logs it once', async () => {
    const seen = await watch(30);
    expect(new Set(seen)).toEqual(new Set(['unhealthy']));
    expect(asked).toHaveLength(1);
    expect(logged()).toEqual([1, 0]);
  });

  it('asks again once the old question has come to its end, and logs that all is well', async () => {
    await watch(5);
    asked[0]?.reject(new Error('cancelled'));
    await pass(0);
    const again = health.readiness();
    expect(asked).toHaveLength(2);
    answer();
    expect((await again).status).toBe('healthy');
    expect(logged()).toEqual([1, 1]);
  });

  it('logs an outage once, and the next one anew', async () => {
    for (const failing of [true, true, false, true]) {
      const report = health.readiness();
      if (failing) asked.at(-1)?.reject(new Error('connect ECONNREFUSED'));
      else answer();
      expect((await report).status).toBe(failing ? 'unhealthy' : 'healthy');
      await pass(1_000);
    }
    expect(logged()).toEqual([2, 1]);
  });
});
