import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ProbeConnection, UnansweredProbeError } from './probe-connection.js';

const APPLICATION_NAME = 'write-probe-spec';

/** For the tests of silence. The others connect and write within the default, also on a loaded host. */
const SHORT_ANSWER_MS = 1_000;

let db: TestDatabase;
let admin: pg.Client;
let probe: ProbeConnection;

beforeAll(async () => {
  db = await createTestDatabase();
  admin = new pg.Client(db.adminUrl);
  await admin.connect();
});

afterAll(async () => {
  await admin.end();
  await db.drop();
});

function connectionTo(url: string, answerMs?: number): ProbeConnection {
  return new ProbeConnection({
    url,
    tls: false,
    applicationName: APPLICATION_NAME,
    login: 'service',
    ...(answerMs !== undefined && { answerMs }),
  });
}

beforeEach(() => {
  probe = connectionTo(db.serviceUrl);
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

/** The connections of the probe that the server knows. */
async function connections(): Promise<number> {
  const { rows } = await admin.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = $1',
    [APPLICATION_NAME],
  );
  return rows[0]?.count ?? 0;
}

/** A relay to PostgreSQL that can stop to transmit: neither data nor the end of a connection arrives any more. */
async function startNetwork(): Promise<{ url: string; die: () => void; stop: () => void }> {
  const target = new URL(db.serviceUrl);
  const ends: Socket[] = [];
  const relay = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect(Number(target.port), target.hostname);
    ends.push(near, far);
    near.pipe(far);
    far.pipe(near);
    for (const end of [near, far]) end.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const url = new URL(target);
  url.host = `127.0.0.1:${(relay.address() as AddressInfo).port}`;
  return {
    url: url.href,
    die: () => ends.forEach((end) => end.unpipe().pause()),
    stop: () => [relay.close(), ...ends.map((end) => end.destroy())],
  };
}

describe('ProbeConnection', () => {
  it('returns the version of a server that accepts writes, on one connection', async () => {
    const version = expect.stringMatching(/^\d+\.\d+$/) as string;
    expect(await probe.confirmWrite()).toEqual({ version });
    expect(await probe.confirmWrite()).toEqual({ version });
    expect(await connections()).toBe(1);
  });

  it('writes a temporary file, which fails while the disk is full', async () => {
    await withSetting('temp_file_limit', '0', async () => {
      await expect(probe.confirmWrite()).rejects.toThrow('temp_file_limit');
    });
  });

  it('refuses a server that is read-only, and accepts it afterwards', async () => {
    await withSetting('default_transaction_read_only', 'on', async () => {
      await expect(probe.confirmWrite()).rejects.toThrow('PostgreSQL is read-only.');
    });
    await expect(probe.confirmWrite()).resolves.toBeDefined();
  });

  it('tells silence from a refusal, and replaces the connection after it', async () => {
    await probe.confirmWrite();
    await whileLocked(async () => {
      await expect(probe.confirmWrite()).rejects.toThrow(UnansweredProbeError);
    });
    await expect(probe.confirmWrite()).resolves.toBeDefined();
    await expect.poll(connections).toBe(1);
  });

  it('connects again after its connection was lost', async () => {
    await probe.confirmWrite();
    await admin.query(
      'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1',
      [APPLICATION_NAME],
    );
    await probe.confirmWrite().catch(() => undefined);
    await expect(probe.confirmWrite()).resolves.toBeDefined();
  });

  it('leaves no connection open when it is closed while it connects', async () => {
    const running = probe.confirmWrite();
    await probe.close();
    await expect(running).rejects.toThrow();
    await expect.poll(connections).toBe(0);
    await expect(probe.confirmWrite()).rejects.toThrow('is closed');
    expect(await connections()).toBe(0);
  });

  it('ends a running probe when it is closed', async () => {
    await probe.confirmWrite();
    await whileLocked(async () => {
      const running = probe.confirmWrite();
      await Promise.all([expect(running).rejects.toThrow('terminated'), probe.close()]);
    });
    await expect.poll(connections).toBe(0);
  });

  it('closes its socket to a server that accepts connections and never answers', async () => {
    const sockets = new Set<Socket>();
    const mute = createServer((socket) => {
      sockets.add(socket.on('close', () => sockets.delete(socket)).resume());
    });
    await once(mute.listen(0, '127.0.0.1'), 'listening');
    const { port } = mute.address() as AddressInfo;
    const connection = connectionTo(`postgres://someone@127.0.0.1:${port}/none`, SHORT_ANSWER_MS);
    await expect(connection.confirmWrite()).rejects.toThrow(UnansweredProbeError);
    await expect.poll(() => sockets.size).toBe(0);
    const running = connection.confirmWrite();
    await expect.poll(() => sockets.size).toBe(1);
    await Promise.all([expect(running).rejects.toThrow('terminated'), connection.close()]);
    await expect.poll(() => sockets.size).toBe(0);
    mute.close();
  });

  it('is closed within two seconds although the network has died', async () => {
    const network = await startNetwork();
    const connection = connectionTo(network.url);
    await connection.confirmWrite();
    network.die();
    const begin = performance.now();
    await connection.close();
    expect(performance.now() - begin).toBeLessThan(2_000);
    network.stop();
  });
});
