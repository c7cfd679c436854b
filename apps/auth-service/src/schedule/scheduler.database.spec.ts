import { Logger } from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Scheduler } from './scheduler.js';

let test: TestDatabase;
const databases: PlatformDatabase[] = [];

beforeAll(async () => {
  test = await createTestDatabase();
});

afterAll(async () => {
  await Promise.all(databases.map((database) => database.close()));
  await test.drop();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await test.sql('DELETE FROM scheduled_jobs');
});

/** A scheduler with its own pool, as in another instance of the service. */
function instance(database = pool()): Scheduler {
  return new Scheduler(database);
}

function pool(): PlatformDatabase {
  const database = new PlatformDatabase({ url: test.platformUrl, tls: false });
  databases.push(database);
  return database;
}

const makeDue = () =>
  test.sql(`UPDATE scheduled_jobs SET started_at = started_at - interval '1 day'`);

function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('the scheduler', () => {
  it('runs a job once per interval, however many instances poll at once', async () => {
    const runs: number[] = [];
    const instances = [instance(), instance(), instance()];
    for (const [index, scheduler] of instances.entries()) {
      scheduler.register({
        name: 'count',
        everyMs: 60_000,
        run: () => Promise.resolve(void runs.push(index)),
      });
    }
    const pollAll = () =>
      Promise.all(
        Array.from({ length: 5 }, () => instances.map((one) => one.runIfDue('count'))).flat(),
      );
    const polled = await pollAll();
    expect(polled.filter(Boolean)).toHaveLength(1);
    await pollAll();
    expect(runs).toHaveLength(1);
    await makeDue();
    await pollAll();
    expect(runs).toHaveLength(2);
  });

  it('runs a job on one instance at a time, even when it takes longer than its interval', async () => {
    const [slow, other] = [instance(), instance()];
    const { opened, open } = gate();
    const started = gate();
    let parallel = 0;
    const job = {
      name: 'slow',
      everyMs: 1_000,
      run: async () => {
        parallel += 1;
        started.open();
        await opened;
      },
    };
    slow.register(job);
    other.register(job);
    const first = slow.runIfDue('slow');
    await started.opened;
    await makeDue();
    expect(await other.runIfDue('slow')).toBe(false);
    expect(await slow.runIfDue('slow')).toBe(false);
    open();
    await first;
    expect(parallel).toBe(1);
    expect(await other.runIfDue('slow')).toBe(true);
  });

  it('runs the job of an instance that died after its lease has expired', async () => {
    await test.sql(
      `INSERT INTO scheduled_jobs (name, started_at, holder, lease_ends_at)
       VALUES ('orphan', now() - interval '1 hour', gen_random_uuid(), now() + interval '1 minute')`,
    );
    const scheduler = instance();
    scheduler.register({ name: 'orphan', everyMs: 1_000, run: () => Promise.resolve() });
    expect(await scheduler.runIfDue('orphan')).toBe(false);
    await test.sql(`UPDATE scheduled_jobs SET lease_ends_at = now() - interval '1 second'`);
    expect(await scheduler.runIfDue('orphan')).toBe(true);
  });

  it('logs a failed job with its name and runs it again in the next interval', async () => {
    const errors = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const scheduler = instance();
    let runs = 0;
    scheduler.register({
      name: 'brittle',
      everyMs: 60_000,
      run: () => {
        runs += 1;
        return Promise.reject(new Error('disk full'));
      },
    });
    expect(await scheduler.runIfDue('brittle')).toBe(true);
    expect(errors).toHaveBeenCalledWith(
      expect.stringContaining('brittle'),
      expect.stringContaining('disk full'),
    );
    await makeDue();
    expect(await scheduler.runIfDue('brittle')).toBe(true);
    expect(runs).toBe(2);
  });

  it('records the end of a job although its connection breaks at that moment, so that the next run is on time', async () => {
    const database = pool();
    const query = database.query.bind(database);
    let broken = 0;
    vi.spyOn(database, 'query').mockImplementation((sql, params) => {
      if (!sql.includes('finish_job') || broken === 2) return query(sql, params);
      broken += 1;
      return query('SELECT pg_terminate_backend(pg_backend_pid())');
    });
    const scheduler = instance(database);
    let runs = 0;
    scheduler.register({
      name: 'unlucky',
      everyMs: 1_000,
      run: () => Promise.resolve(void (runs += 1)),
    });
    expect(await scheduler.runIfDue('unlucky')).toBe(true);
    expect(broken).toBe(2);
    await makeDue();
    expect(await scheduler.runIfDue('unlucky')).toBe(true);
    expect(runs).toBe(2);
  });

  it('polls while the application runs, and not after it has stopped', async () => {
    const ran = gate();
    const scheduler = instance();
    let runs = 0;
    scheduler.register({
      name: 'by-itself',
      everyMs: 20,
      run: () => {
        runs += 1;
        if (runs === 2) ran.open();
        return Promise.resolve();
      },
    });
    scheduler.onApplicationBootstrap();
    await ran.opened;
    await scheduler.beforeApplicationShutdown();
    const atShutdown = runs;
    expect(await scheduler.runIfDue('by-itself')).toBe(false);
    expect(runs).toBe(atShutdown);
  });

  it('waits for running jobs at shutdown', async () => {
    const [started, { opened, open }] = [gate(), gate()];
    const scheduler = instance();
    let finished = false;
    scheduler.register({
      name: 'last',
      everyMs: 60_000,
      run: async () => {
        started.open();
        await opened;
        finished = true;
      },
    });
    void scheduler.runIfDue('last');
    await started.opened;
    const stopped = scheduler.beforeApplicationShutdown();
    open();
    await stopped;
    expect(finished).toBe(true);
    const rows = await test.sql(`SELECT holder FROM scheduled_jobs WHERE name = 'last'`);
    expect(rows).toEqual([{ holder: null }]);
  });

  it('refuses a second job with the same name and the run of an unknown job', async () => {
    const scheduler = instance();
    scheduler.register({ name: 'one', everyMs: 1_000, run: () => Promise.resolve() });
    expect(() => {
      scheduler.register({ name: 'one', everyMs: 1_000, run: () => Promise.resolve() });
    }).toThrow('one');
    await expect(scheduler.runIfDue('two')).rejects.toThrow('two');
  });
});
