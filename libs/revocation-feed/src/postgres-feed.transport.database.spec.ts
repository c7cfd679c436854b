import { Logger } from '@nestjs/common';
import { Timestamp } from '@poc-tracker/auth-kit';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PostgresFeed } from './postgres-feed.fixture.js';

let feed: PostgresFeed;

beforeAll(async () => {
  feed = await PostgresFeed.create();
});

afterEach(() => feed.stop());

afterAll(() => feed.drop());

describe('PostgresFeedTransport', () => {
  it('delivers an event right after its commit, without waiting for the next poll', async () => {
    await feed.start(60_000);
    const session = await feed.openSession();
    const started = performance.now();
    await feed.revoke(session);
    await feed.delivered(session);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('continues from its cursor without a gap after its connection was terminated', async () => {
    await feed.start();
    const session = await feed.openSession();
    await feed.terminate();
    await feed.revoke(session);
    await feed.delivered(session);
    expect(feed.subscriber.gaps).toBe(1);
    await vi.waitFor(() => expect(feed.transport.connected).toBe(true), { timeout: 5_000 });
  });

  it('says once per outage, in full sentences, that it cannot reach the database', async () => {
    await feed.start();
    const warn = vi.spyOn(Logger.prototype, 'warn');
    await feed.admitConnections(false);
    await feed.terminate();
    await vi.waitFor(() => expect(warn).toHaveBeenCalled());
    await feed.admitConnections(true);
    await vi.waitFor(() => expect(feed.transport.connected).toBe(true), { timeout: 5_000 });
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(
          /the database: too many connections .*[^.]\. Until it can, every request queries/,
        ),
      ],
    ]);
  });

  it('says nothing of a lost connection that it can replace at once', async () => {
    await feed.start();
    const lines = [vi.spyOn(Logger.prototype, 'warn'), vi.spyOn(Logger.prototype, 'log')];
    await feed.terminate();
    await vi.waitFor(() => expect(feed.transport.connected).toBe(false));
    await vi.waitFor(() => expect(feed.transport.connected).toBe(true), { timeout: 5_000 });
    expect(lines.flatMap(({ mock }) => mock.calls)).toEqual([]);
  });

  it.each(['1.5/1:1:', 'nonsense', '1:1:'])(
    'reports a gap when PostgreSQL does not accept its cursor: %s',
    async (cursor) => {
      await feed.start(60_000);
      Object.assign(feed.transport, { cursor: { value: cursor, asOf: Timestamp.now() } });
      feed.transport.poll();
      await vi.waitFor(() => expect(feed.subscriber.gaps).toBeGreaterThan(1));
    },
  );

  it('polls every two seconds while idle, so that forged messages cannot hide an event for long', async () => {
    await feed.start();
    feed.transport.idle = true;
    const session = await feed.openSession();
    await feed.revoke(session);
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 2_000);
    await feed.delivered(session);
    clock.mockRestore();
    expect(feed.subscriber.gaps).toBe(1);
  });

  it('reports a gap when its cursor is older than the events that are kept', async () => {
    await feed.start(60_000);
    const session = await feed.openSession();
    await feed.revoke(session);
    await feed.delivered(session);
    expect(feed.subscriber.gaps).toBe(1);
    const later = performance.now() + 15 * 60 * 1000;
    const clock = vi.spyOn(performance, 'now').mockReturnValue(later);
    feed.transport.poll();
    await vi.waitFor(() => expect(feed.subscriber.gaps).toBe(2));
    clock.mockRestore();
  });

  it('reports a gap instead of more events than one poll returns', async () => {
    await feed.start(60_000);
    await feed.admin.query(
      `INSERT INTO revocation_events (tenant_id, kind, subject_id)
       SELECT $1, 'user', gen_random_uuid() FROM generate_series(1, 5001)`,
      [feed.tenantId],
    );
    feed.transport.poll();
    await vi.waitFor(() => expect(feed.subscriber.gaps).toBe(2));
    expect(feed.subscriber.events).toEqual([]);
  });
});
