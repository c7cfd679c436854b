import { randomUUID } from 'node:crypto';
import { redisUrl } from '@poc-tracker/testing';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CacheProcess, FakeTable } from '../cache.fixture.js';
import { generationKey, tenantKey } from '../cache-keys.js';

let redis: Redis;
let table: FakeTable;
let acme: string;
const processes: CacheProcess[] = [];

beforeAll(() => {
  redis = new Redis(redisUrl());
});

beforeEach(() => {
  table = new FakeTable();
  table.rows.set('key', 'old');
  acme = randomUUID();
});

afterEach(() => {
  for (const process of processes.splice(0)) process.stop();
});

afterAll(() => redis.quit());

async function startProcess(source?: string): Promise<CacheProcess> {
  const process = new CacheProcess(table, {
    redisUrl: redisUrl(),
    ...(source !== undefined && { source }),
  });
  processes.push(process);
  await process.connected();
  return process;
}

const inRedis = (key = 'key'): Promise<string | null> => redis.get(tenantKey(acme, 'text', key));

/** Resolves when the value that a load returned has been written to Redis. */
async function written(value: string): Promise<void> {
  await vi.waitFor(async () => {
    expect(await inRedis()).toContain(`"${value}"`);
  }, 10_000);
}

/** How often the process loads: 0 if Redis has a value that it trusts. */
async function loadsOf(process: CacheProcess, expected: string): Promise<number> {
  const before = table.loads;
  expect(await process.get(acme)).toBe(expected);
  return table.loads - before;
}

describe('a value in Redis', () => {
  it('is shared by all processes of one database, and by no other', async () => {
    const [here, there, elsewhere] = [
      await startProcess(),
      await startProcess(),
      await startProcess('other'),
    ];
    await here.get(acme);
    await written('old');
    expect(await loadsOf(there, 'old')).toBe(0);
    table.rows.set('key', 'theirs');
    expect(await loadsOf(elsewhere, 'theirs')).toBe(1);
    expect(there.store.counts()).toContainEqual({
      cache: 'text',
      level: 'redis',
      hits: 1,
      misses: 0,
    });
  });

  it('is not used after a change that this process received, though its writer received none', async () => {
    const [slow, quick] = [await startProcess(), await startProcess()];
    await slow.get(acme);
    await written('old');
    table.rows.set('key', 'new');
    quick.freshness.change(acme);
    expect(await loadsOf(quick, 'new')).toBe(1);
  });

  it('is not used if it was loaded before a change and written after every process received the change', async () => {
    const [slow, quick] = [await startProcess(), await startProcess()];
    const release = table.hold();
    const loading = slow.get(acme);
    await vi.waitFor(() => {
      expect(table.loads).toBe(1);
    });
    table.rows.set('key', 'new');
    quick.freshness.change(acme);
    release();
    // The event has not reached this process yet, so it stores what it loaded.
    expect(await loading).toBe('old');
    await written('old');
    slow.freshness.change(acme);
    expect(await loadsOf(quick, 'new')).toBe(1);
    await written('new');
    expect(await loadsOf(slow, 'new')).toBe(0);
  });

  it('is not written by a process that received the change during its load', async () => {
    const here = await startProcess();
    const release = table.hold();
    const loading = here.get(acme);
    await vi.waitFor(() => {
      expect(table.loads).toBe(1);
    });
    here.freshness.change(acme);
    release();
    await loading;
    await here.texts.getMany(acme, ['other'], () => Promise.resolve(new Map([['other', 'x']])));
    await vi.waitFor(async () => {
      expect(await inRedis('other')).not.toBeNull();
    });
    expect(await inRedis()).toBeNull();
  });

  it('is not used by a process that started after a change which the writer has not received', async () => {
    const slow = await startProcess();
    await slow.get(acme);
    await written('old');
    table.rows.set('key', 'new');
    expect(await loadsOf(await startProcess(), 'new')).toBe(1);
  });

  it('is not used after a gap in the feed of the reader', async () => {
    const [slow, reader] = [await startProcess(), await startProcess()];
    await slow.get(acme);
    await written('old');
    table.rows.set('key', 'new');
    reader.freshness.gap();
    expect(await loadsOf(reader, 'new')).toBe(1);
  });

  it('is used again by all when a process has loaded it after the change', async () => {
    const [here, there] = [await startProcess(), await startProcess()];
    await here.get(acme);
    table.rows.set('key', 'new');
    for (const { freshness } of [here, there]) freshness.change(acme);
    await here.connected();
    await there.connected();
    expect(await loadsOf(here, 'new')).toBe(1);
    await written('new');
    expect(await loadsOf(there, 'new')).toBe(0);
  });

  it('is not used if a change arrives while it is being read', async () => {
    const [writer, reader] = [await startProcess(), await startProcess()];
    await writer.get(acme);
    await written('old');
    const reading = reader.get(acme);
    table.rows.set('key', 'new');
    reader.freshness.change(acme);
    expect(await reading).toBe('new');
  });

  it('is not used if the feed proves nothing by the time it has been read', async () => {
    const [writer, reader] = [await startProcess(), await startProcess()];
    await writer.get(acme);
    await written('old');
    const reading = reader.get(acme);
    table.rows.set('key', 'new');
    reader.freshness.fresh = false;
    expect(await reading).toBe('new');
  });

  it('is neither read nor written while the database is unknown', async () => {
    const [writer, reader] = [await startProcess(), await startProcess()];
    reader.freshness.source = undefined;
    expect(await loadsOf(reader, 'old')).toBe(1);
    await writer.texts.getMany(acme, ['other'], () => Promise.resolve(new Map([['other', 'x']])));
    await vi.waitFor(async () => {
      expect(await inRedis('other')).not.toBeNull();
    });
    expect(await inRedis()).toBeNull();
  });

  it('is dropped with its tenant, and with no other, even if the generation was evicted', async () => {
    const [here, there, third] = [await startProcess(), await startProcess(), await startProcess()];
    await here.get(acme);
    await written('old');
    await here.store.dropTenant(randomUUID());
    expect(await loadsOf(there, 'old')).toBe(0);
    await here.store.dropTenant(acme);
    await redis.del(generationKey(acme));
    table.rows.set('key', 'new');
    expect(await loadsOf(third, 'new')).toBe(1);
  });

  it('is as large as 256 KiB of UTF-8, and otherwise in memory only', async () => {
    const [here, there] = [await startProcess(), await startProcess()];
    const [fitting, large] = ['é'.repeat(130_000), 'é'.repeat(132_000)];
    const stored = new Map([
      ['key', fitting],
      ['large', large],
    ]);
    await here.texts.getMany(acme, ['key', 'large'], () => Promise.resolve(stored));
    await written(fitting);
    expect(await loadsOf(there, fitting)).toBe(0);
    expect(await inRedis('large')).toBeNull();
    expect(await here.get(acme, 'large')).toBe(large);
  });

  it('keeps what is left of its time in other processes', async () => {
    const [here, there] = [await startProcess(), await startProcess()];
    await here.get(acme);
    await written('old');
    expect(await redis.pttl(tenantKey(acme, 'text', 'key'))).toBeGreaterThan(3_590_000);
    await redis.pexpire(tenantKey(acme, 'text', 'key'), 60_000);
    expect(await loadsOf(there, 'old')).toBe(0);
    await redis.del(tenantKey(acme, 'text', 'key'));
    expect(await loadsOf(there, 'old')).toBe(0);
    const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);
    const loads = await loadsOf(there, 'old');
    now.mockRestore();
    expect(loads).toBe(1);
  });
});
