import type { PlatformDatabase } from '@poc-tracker/tenancy';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AppConfig } from '../../config/app-config.js';
import type { ScheduledJob } from '../../schedule/scheduled-job.js';
import type { Scheduler } from '../../schedule/scheduler.js';
import { TenantLifecycleJobs } from './tenant-lifecycle.jobs.js';
import { TenantLifecycleRepository } from './tenant-lifecycle.repository.js';
import type { TenantLifecycleService } from './tenant-lifecycle.service.js';
import type { TenantPurgeService } from './tenant-purge.service.js';

const DATABASE_TIME = new Date('2026-11-20T12:00:00.000Z');

afterEach(() => vi.useRealTimers());

describe('the scheduled jobs of tenants', () => {
  it.each(['suspend-ended-subscriptions', 'purge-canceled-tenants', 'prune-access-records'])(
    'use the time of PostgreSQL and not that of an instance whose clock is wrong by a year: %s',
    async (name) => {
      vi.useFakeTimers({ toFake: ['Date'], now: DATABASE_TIME.getTime() + 365 * 86_400_000 });
      const jobs = new Map<string, ScheduledJob>();
      const times: unknown[] = [];
      const query = (sql: string, [time]: unknown[] = []): Promise<unknown[]> => {
        if (sql.includes('clock_timestamp')) return Promise.resolve([{ now: DATABASE_TIME }]);
        times.push(time);
        return Promise.resolve([]);
      };
      const database = { query } as unknown as PlatformDatabase;
      new TenantLifecycleJobs(
        { tenancy: { graceDays: 7, restoreDays: 30 } } as AppConfig,
        { register: (job: ScheduledJob) => void jobs.set(job.name, job) } as unknown as Scheduler,
        database,
        new TenantLifecycleRepository(database),
        {} as TenantLifecycleService,
        { purgeAll: () => Promise.resolve() } as unknown as TenantPurgeService,
      ).onModuleInit();
      await jobs.get(name)?.run();
      expect(times).toEqual([DATABASE_TIME]);
    },
  );
});
