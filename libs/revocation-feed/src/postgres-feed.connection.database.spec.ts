import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { createEmptyDatabase, type TestDatabase } from '@poc-tracker/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PostgresFeedConnection } from './postgres-feed.connection.js';

let db: TestDatabase;
let lost: Error[];
let notifications: number;
const closing: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  db = await createEmptyDatabase();
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

afterAll(async () => {
  await db?.drop();
});

async function open(databaseUrl = db.adminUrl): Promise<PostgresFeedConnection> {
  [lost, notifications] = [[], 0];
  const connection = await PostgresFeedConnection.open(
    { databaseUrl, tls: false, applicationName: 'spec' },
    {
      onNotification: () => void (notifications += 1),
      onLost: (error) => void lost.push(error),
    },
  );
  closing.push(() => connection.close());
  return connection;
}

/** Makes every poll return this text as its events. */
const returnEvents = (events: string) =>
  db.sql(`CREATE OR REPLACE FUNCTION revocations_since(text)
    RETURNS TABLE (source text, next_cursor text, complete boolean, events jsonb)
    LANGUAGE sql AS $$ SELECT 'source', 'cursor', true, '${events}'::jsonb $$`);

/** BackendKeyData of the wire protocol: its type and length, before the process id. */
const KEY_DATA = Buffer.from([0x4b, 0, 0, 0, 12]);

/** The URL of a proxy that gives clients a process id of its own making, as connection poolers do. */
async function poolerUrl(): Promise<string> {
  const url = new URL(db.adminUrl);
  const { port, hostname } = url;
  const server: Server = createServer((near) => {
    const far = connect(Number(port), hostname);
    near.pipe(far);
    far.on('data', (data: Buffer) => {
      const at = data.indexOf(KEY_DATA);
      if (at >= 0) data.writeInt32BE(7, at + KEY_DATA.length);
      near.write(data);
    });
    for (const socket of [near, far])
      socket.on('error', () => undefined).on('close', () => [near, far].map((s) => s.destroy()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => void server.close());
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return url.href;
}

describe('PostgresFeedConnection', () => {
  it.each(['{}', '[["session", "a tenant"]]', '[["planet", "a tenant", "an id"]]'])(
    'is lost when a poll returns malformed events, because events may be missing: %s',
    async (events) => {
      await returnEvents(events);
      const connection = await open();
      await expect(connection.poll(undefined)).rejects.toThrow('of the feed');
      expect(lost).toHaveLength(1);
    },
  );

  it('receives the notification of a commit', async () => {
    expect((await open()).notifies).toBe(true);
    await db.sql("SELECT pg_notify('poc_tracker_revocations', '')");
    await vi.waitFor(() => expect(notifications).toBe(1));
  });

  it('does not listen behind a connection pooler, and polls through it', async () => {
    await returnEvents('[]');
    const connection = await open(await poolerUrl());
    expect(connection.notifies).toBe(false);
    await db.sql("SELECT pg_notify('poc_tracker_revocations', '')");
    // A notification would arrive before the response to a later statement.
    expect(await connection.poll(undefined)).toMatchObject({ source: 'source', complete: true });
    expect(notifications).toBe(0);
  });
});
