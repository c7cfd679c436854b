import { Timestamp } from '@poc-tracker/auth-kit';
import { shareRedis } from '@poc-tracker/redis';
import { redisUrl } from '@poc-tracker/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { databaseFeed } from './database-session-status.js';
import { PostgresFeed, RecordingSubscriber } from './postgres-feed.fixture.js';

/** Notes when it is told that the feed is complete as of a time after a commit whose event it has not received. */
class StrictSubscriber extends RecordingSubscriber {
  watched: { id: string; committedAt: Timestamp } | undefined;
  misled = 0;

  override onEvents(...delivered: Parameters<RecordingSubscriber['onEvents']>): void {
    super.onEvents(...delivered);
    const { watched, completeAsOf } = this;
    if (watched === undefined || completeAsOf === undefined) return;
    if (completeAsOf.isBefore(watched.committedAt) || this.count(watched.id) > 0) return;
    this.misled += 1;
  }
}

type Transport = ReturnType<typeof databaseFeed>;

const opened: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.stop()));
  vi.restoreAllMocks();
});

async function createFeed(): Promise<PostgresFeed> {
  const feed = await PostgresFeed.create();
  opened.push({ stop: () => feed.drop() });
  return feed;
}

/** Starts the feed of one process, and waits until it is up to date. */
async function start(feed: PostgresFeed): Promise<{ subscriber: StrictSubscriber }> {
  vi.spyOn(console, 'log').mockReturnValue();
  const subscriber = new StrictSubscriber();
  const transport: Transport = databaseFeed({
    databaseUrl: feed.db.serviceUrl,
    tls: false,
    applicationName: 'spec',
    redis: shareRedis(redisUrl(), 'spec'),
  });
  opened.unshift(transport);
  transport.start(subscriber);
  await vi.waitFor(() => expect(subscriber.completeAsOf?.age ?? Infinity).toBeLessThan(100), {
    timeout: 5_000,
  });
  return { subscriber };
}

/** Makes a database state that it has the same cluster and name as another, since its server started so much later. */
async function actAsServer(feed: PostgresFeed, startedLater: string): Promise<void> {
  const [row] = await feed.db.sql<{ text: string }>(
    `SELECT pg_get_functiondef('public.revocations_since(text)'::regprocedure) AS text`,
  );
  const text = (row?.text ?? '')
    .replace('d.oid', '1')
    .replace(
      'pg_postmaster_start_time()',
      `pg_postmaster_start_time() + interval '${startedLater}'`,
    );
  await feed.db.sql(text);
}

/** Revokes sessions of one database while a process of another one reads and writes the same Redis. */
async function revokeBeside(feed: PostgresFeed, subscriber: StrictSubscriber): Promise<void> {
  for (let round = 0; round < 10; round += 1) {
    const id = await feed.openSession();
    await feed.revoke(id);
    subscriber.watched = { id, committedAt: Timestamp.now() };
    await vi.waitFor(() => expect(subscriber.count(id)).toBeGreaterThan(0), {
      timeout: 5_000,
      interval: 5,
    });
    subscriber.watched = undefined;
  }
}

describe('The revocation feed through a Redis that two servers share', () => {
  it('is never complete as of a commit that another installation on the same Redis has not seen', async () => {
    const [theirs, ours] = [await createFeed(), await createFeed()];
    await start(theirs);
    const { subscriber } = await start(ours);
    await revokeBeside(ours, subscriber);
    expect(subscriber.misled).toBe(0);
  });

  it('is never complete as of a commit on the new primary that a leader on the old primary has not seen', async () => {
    const [old, promoted] = [await createFeed(), await createFeed()];
    await actAsServer(old, '0');
    await actAsServer(promoted, '1 hour');
    await start(old);
    const { subscriber } = await start(promoted);
    await revokeBeside(promoted, subscriber);
    expect(subscriber.misled).toBe(0);
  });
});
