import { HealthService } from '@poc-tracker/http-service';
import { describe, expect, it } from 'vitest';
import type { FileStorage } from '../storage/file-storage.js';
import { StorageCheck } from './storage.check.js';

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

  it('counts a probe that hangs as critical, also after the disk was full', async () => {
    const full = Promise.reject(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }));
    const answers = [full, new Promise<void>(() => undefined)];
    const check = new StorageCheck({
      assertWritable: () => answers.shift(),
    } as unknown as FileStorage);
    await expect(check.probe()).rejects.toThrow('ENOSPC');
    expect(check.critical).toBe(false);
    void check.probe();
    expect(check.critical).toBe(true);
  });
});
