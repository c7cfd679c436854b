import { createEmptyDatabase, type TestDatabase } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresFeedConnection } from './postgres-feed.connection.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await createEmptyDatabase();
});

afterAll(async () => {
  await db?.drop();
});

describe('PostgresFeedConnection', () => {
  it.each(['{}', '[["session", "a tenant"]]', '[["planet", "a tenant", "an id"]]'])(
    'is lost when a poll returns malformed events, because events may be missing: %s',
    async (events) => {
      await db.sql(`CREATE OR REPLACE FUNCTION revocations_since(text)
        RETURNS TABLE (next_cursor text, complete boolean, events jsonb)
        LANGUAGE sql AS $$ SELECT 'cursor', true, '${events}'::jsonb $$`);
      const lost: Error[] = [];
      const connection = await PostgresFeedConnection.open(
        { databaseUrl: db.adminUrl, tls: false, applicationName: 'spec' },
        { onNotification: () => undefined, onLost: (error) => lost.push(error) },
      );
      await expect(connection.poll(undefined)).rejects.toThrow('of the feed');
      expect(lost).toHaveLength(1);
      await connection.close();
    },
  );
});
