import { describe, expect, it } from 'vitest';
import type { TenantDatabase } from '../tenant-database.js';
import type { WriteProbe } from '../write-probe/write-probe.js';
import { ClockCheck } from './clock.check.js';
import { DatabaseCheck } from './database.check.js';

describe('ClockCheck', () => {
  const databaseAt = (now: Date) =>
    ({ lookup: () => Promise.resolve([{ now }]) }) as unknown as TenantDatabase;

  it('passes while the clocks of the process and of PostgreSQL agree', async () => {
    expect(await new ClockCheck(databaseAt(new Date())).probe()).toEqual({});
  });

  it('fails while the clock of the process is ahead, and says by how much', async () => {
    const check = new ClockCheck(databaseAt(new Date(Date.now() - 31_000)));
    await expect(check.probe()).rejects.toThrow(/ 31 s ahead of that of PostgreSQL/);
  });
});

describe('DatabaseCheck', () => {
  const database = {
    totals: () => ({ total: 3, idle: 1, waiting: 0, max: 10 }),
  } as unknown as TenantDatabase;

  it('returns the version of the database and the totals of its pool', async () => {
    const writes = { assertWritable: () => ({ version: '15.18' }) } as unknown as WriteProbe;
    expect(await new DatabaseCheck(writes, database).probe()).toEqual({
      version: '15.18',
      pool: { total: 3, idle: 1, waiting: 0, max: 10 },
    });
  });

  it('fails while the database does not accept writes', () => {
    const writes = {
      assertWritable: () => {
        throw new Error('read-only');
      },
    } as unknown as WriteProbe;
    expect(() => new DatabaseCheck(writes, database).probe()).toThrow('read-only');
  });
});
