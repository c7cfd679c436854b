import { createEmptyDatabase, type TestDatabase } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FeedConnection } from './feed.connection.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await createEmptyDatabase();
});

afterAll(async () => {
  await db?.drop();
});

describe('the connection of the feed', () => {
  it.each(['{}', '[["session", "a tenant"]]', '[["planet", "a tenant", "an id"]]'])(
    'is lost over an answer with the events %s, because what they meant may be missing',
    async (events) => {
      await db.sql(`CREATE OR REPLACE FUNCTION revocations_since(text)
        RETURNS TABLE (next_cursor text, complete boolean, events jsonb)
        LANGUAGE sql AS $$ SELECT 'cursor', true, '${events}'::jsonb $$`);
      const lost: Error[] = [];
      const connection = await FeedConnection.open(
        { databaseUrl: db.adminUrl, tls: false, applicationName: 'spec' },
        { bell: () => undefined, lost: (error) => lost.push(error) },
      );
      await expect(connection.ask(undefined)).rejects.toThrow('of the feed');
      expect(lost).toHaveLength(1);
      await connection.close();
    },
  );
});
