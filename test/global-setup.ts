import { openRedis, TestCluster, type TestClusterAccess } from '@poc-tracker/testing';
import type { TestProject, Vitest } from 'vitest/node';

interface TestServers {
  postgres: TestClusterAccess;
  redis: { url: string } | { failure: string };
  stop(): Promise<void>;
}

/** Vitest loads this file once for each tier, so the servers that the tiers share hang on its own object. */
const SERVERS = Symbol.for('poc-tracker.test-servers');

/** Starts the servers of a test run and returns what stops them. If the run is killed, they stop by themselves. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const run = project.vitest as Vitest & { [SERVERS]?: Promise<TestServers> };
  const { postgres, redis, stop } = await (run[SERVERS] ??= startServers());
  project.provide('postgres', postgres);
  project.provide('redis', redis);
  return stop;
}

async function startServers(): Promise<TestServers> {
  const [cluster, redis] = await Promise.all([
    TestCluster.start(async (migrationUrl) => {
      // Imported here, so that a migration that does not compile fails only the tests that need the schema.
      const { runMigrations } =
        await import('../apps/auth-service/src/migrations/run-migrations.js');
      await runMigrations(migrationUrl, false);
    }),
    openRedis().catch((error: unknown) => ({ failure: String(error) })),
  ]);
  let stopping: Promise<unknown> | undefined;
  return {
    postgres: cluster.access,
    redis: 'failure' in redis ? redis : { url: redis.url },
    stop: async () => {
      await (stopping ??= Promise.all([
        cluster.stop(),
        'failure' in redis ? undefined : redis.stop(),
      ]));
    },
  };
}
