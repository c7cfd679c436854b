import { HealthService } from '@poc-tracker/http-service';
import { describe, expect, it } from 'vitest';
import type { FileStorage } from '../storage/file-storage.js';
import { StorageCheck } from './health-checks.js';

describe('StorageCheck', () => {
  it.each([
    ['ENOSPC', 'degraded'],
    ['EDQUOT', 'degraded'],
    ['EROFS', 'unhealthy'],
  ])('reports a storage that fails with %s as %s', async (code, status) => {
    const failure = Object.assign(new Error(code), { code });
    const storage = { assertWritable: () => Promise.reject(failure) } as unknown as FileStorage;
    const exposure = { docs: true, healthDetails: true };
    const health = new HealthService([new StorageCheck(storage)], { version: '0.0.0', exposure });
    const report = await health.report();
    expect([report.status, report.services.storage.healthy]).toEqual([status, false]);
  });
});
