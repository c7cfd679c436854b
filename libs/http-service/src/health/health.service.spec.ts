import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HealthCheck } from './health-check.js';
import { HealthService } from './health.service.js';

const SECRET = 'connect ECONNREFUSED db.internal:5432 (password hunter2)';

let probe: ReturnType<typeof vi.fn<HealthCheck['probe']>>;
let database: HealthCheck<'database'>;
let health: HealthService<'database' | 'cache'>;
let warnings: string[];
let notes: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  warnings = [];
  notes = [];
  const keep = (list: string[]) => (message: unknown) => void list.push(String(message));
  vi.spyOn(Logger.prototype, 'warn').mockImplementation(keep(warnings));
  vi.spyOn(Logger.prototype, 'log').mockImplementation(keep(notes));
  probe = vi.fn<HealthCheck['probe']>().mockResolvedValue({ version: '18.4' });
  database = { name: 'database', critical: true, neededToBeReady: true, probe };
  const cache = { name: 'cache', critical: false, probe: () => Promise.resolve({}) } as const;
  health = new HealthService<'database' | 'cache'>([database, cache], {
    version: '1.2.3',
    exposure: { docs: true, healthDetails: true },
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);

describe('HealthService', () => {
  it('is not ready any more when the service stops, so that load balancers notice', async () => {
    expect((await health.readiness()).status).toBe('healthy');
    health.beforeApplicationShutdown();
    expect((await health.readiness()).status).toBe('unhealthy');
  });

  it('is ready only with the dependencies that it needs', async () => {
    probe.mockRejectedValue(new Error(SECRET));
    expect((await health.readiness()).status).toBe('unhealthy');
    const without = new HealthService([{ ...database, neededToBeReady: false }], {
      version: '1.2.3',
      exposure: { docs: true, healthDetails: true },
    });
    expect((await without.readiness()).status).toBe('healthy');
  });

  it('times out a hanging check after two seconds and does not start it a second time', async () => {
    probe.mockReturnValue(new Promise(() => undefined));
    const started = performance.now();
    const first = await health.report();
    expect(performance.now() - started).toBeGreaterThan(1_900);
    expect(performance.now() - started).toBeLessThan(4_000);
    expect([first.status, first.services.database.healthy]).toEqual(['unhealthy', false]);
    pass(60_000);
    await health.report();
    expect(probe).toHaveBeenCalledTimes(1);
  });

  it('checks each dependency once per second, however often it is called', async () => {
    await Promise.all(Array.from({ length: 50 }, () => health.report()));
    await Promise.all([health.report(), health.readiness()]);
    expect(probe).toHaveBeenCalledTimes(1);
    pass(1_001);
    expect((await health.report()).status).toBe('healthy');
    expect(probe).toHaveBeenCalledTimes(2);
  });

  it('reads whether a dependency is critical after its probe', async () => {
    let full = false;
    const storage = {
      name: 'storage',
      get critical() {
        return !full;
      },
      probe: () => {
        full = true;
        return Promise.reject(new Error('ENOSPC'));
      },
    } as const;
    const report = await new HealthService([storage], {
      version: '1.2.3',
      exposure: { docs: true, healthDetails: true },
    }).report();
    expect(report.status).toBe('degraded');
  });

  it('logs the reason and the end of each outage once, and does not return the reason', async () => {
    for (const failing of [true, true, false, true]) {
      if (failing) probe.mockRejectedValue(new Error(SECRET));
      else probe.mockResolvedValue({});
      const report = await health.report();
      expect(report.services.database.healthy).toBe(!failing);
      expect(JSON.stringify(report)).not.toMatch(/ECONNREFUSED|db\.internal|hunter2/);
      pass(2_000);
    }
    const warning = `database is unhealthy: ${SECRET}`;
    expect([warnings, notes]).toEqual([[warning, warning], ['database is healthy again.']]);
  });
});
