import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WriteProbe } from './write-probe.js';

const APPLICATION_NAME = 'write-probe-spec';

let db: TestDatabase;
let admin: pg.Client;
let probe: WriteProbe;
let time: number;

beforeAll(async () => {
  db = await createTestDatabase();
  admin = new pg.Client(db.adminUrl);
  await admin.connect();
});

afterAll(async () => {
  await admin.end();
  await db.drop();
});

beforeEach(() => {
  time = 0;
  probe = new WriteProbe({
    url: db.serviceUrl,
    tls: false,
    applicationName: APPLICATION_NAME,
    login: 'service',
    now: () => time,
  });
});

afterEach(() => probe.close());

/** Blocks every probe, which reads the table of users first. */
async function whileLocked(work: () => Promise<void>): Promise<void> {
  await admin.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
  try {
    await work();
  } finally {
    await admin.query('ROLLBACK');
  }
}

/** Changes a default of the database for new connections. */
async function withSetting(name: string, value: string, work: () => Promise<void>): Promise<void> {
  await alterDatabase(`SET ${name} = ${value}`);
  try {
    await work();
  } finally {
    await alterDatabase(`RESET ${name}`);
  }
}

async function alterDatabase(change: string): Promise<void> {
  await admin.query(
    `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I ${change}', current_database()); END $$`,
  );
}

async function durationOf(work: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work.catch(() => undefined);
  return performance.now() - began;
}

describe('WriteProbe', () => {
  it('returns the version of a server that accepts writes, and asks it once per second', async () => {
    expect(await probe.assertWritable()).toEqual({ version: expect.stringMatching(/^\d+\.\d+$/) });
    await whileLocked(async () => {
      time = 999;
      expect(await durationOf(probe.assertWritable())).toBeLessThan(400);
    });
  });

  it('writes a temporary file, which fails while the disk is full', async () => {
    await withSetting('temp_file_limit', '0', async () => {
      await expect(probe.assertWritable()).rejects.toThrow('temp_file_limit');
    });
  });

  it('refuses a server that is read-only, and accepts it afterwards', async () => {
    await withSetting('default_transaction_read_only', 'on', async () => {
      await expect(probe.assertWritable()).rejects.toThrow('PostgreSQL is read-only.');
    });
    time = 1_000;
    await expect(probe.assertWritable()).resolves.toBeDefined();
  });

  it('answers within a second while the server is slow, and tolerates it for ten seconds', async () => {
    await probe.assertWritable();
    await whileLocked(async () => {
      time = 9_000;
      expect(await durationOf(probe.assertWritable())).toBeLessThan(1_000);
      await expect(probe.assertWritable()).resolves.toBeDefined();
      time = 10_000;
      await expect(probe.assertWritable()).rejects.toThrow('does not confirm a write');
    });
  });

  it('refuses a server that has been slow from the start', async () => {
    await whileLocked(async () => {
      await expect(probe.assertWritable()).rejects.toThrow('does not confirm a write');
    });
  });

  it('connects again after its connection was lost', async () => {
    await probe.assertWritable();
    await admin.query(
      'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1',
      [APPLICATION_NAME],
    );
    time = 1_000;
    await probe.assertWritable().catch(() => undefined);
    time = 2_000;
    await expect(probe.assertWritable()).resolves.toBeDefined();
  });
});
