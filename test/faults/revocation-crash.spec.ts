import type { FeedSubscriber } from '@poc-tracker/auth-kit';
import { databaseFeed } from '@poc-tracker/revocation-feed';
import { createTestDatabase, TestCluster, type TestDatabase } from '@poc-tracker/testing';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { runMigrations } from '../../apps/auth-service/src/migrations/run-migrations.js';

let cluster: TestCluster;
let database: TestDatabase;

beforeAll(async () => {
  // Its own server, so that other tests do not crash with it.
  cluster = await TestCluster.start((url) => runMigrations(url, false));
  database = await createTestDatabase(cluster.access);
});

afterAll(async () => {
  await cluster.stop();
});

/** Kills a backend, which makes the server terminate all others and recover from its log. */
async function crash(): Promise<void> {
  const [backend] = await database.sql<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  if (backend === undefined) throw new Error('There is no backend to kill.');
  process.kill(backend.pid, 'SIGKILL');
}

const startedAt = async (): Promise<unknown> =>
  database.sql("SELECT to_json(pg_postmaster_start_time()) #>> '{}' AS at");

it('A revocation cursor from before a crash is not trusted, because transaction numbers can repeat after it', async () => {
  vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
  vi.spyOn(Logger.prototype, 'log').mockReturnValue();
  let gaps = 0;
  const subscriber: FeedSubscriber = {
    onEvents: () => undefined,
    onGap: () => (gaps += 1),
  };
  const transport = databaseFeed({
    databaseUrl: database.serviceUrl,
    tls: false,
    applicationName: 'crash',
  });
  transport.start(subscriber);
  await vi.waitFor(() => expect(gaps).toBe(1), { timeout: 5_000 });
  const before = await startedAt();
  await crash();
  await vi.waitFor(() => expect(gaps).toBeGreaterThan(1), { timeout: 15_000 });
  await vi.waitFor(async () => expect(await startedAt()).toEqual(before), { timeout: 5_000 });
  await transport.stop();
});
