import { createEmptyDatabase, startPoolerProxy, type TestDatabase } from '@poc-tracker/testing';
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

async function poolerUrl(): Promise<string> {
  const proxy = await startPoolerProxy(db.adminUrl);
  closing.push(proxy.close);
  return proxy.url;
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
