import { startRedis, TestCluster } from '@poc-tracker/testing';
import type { TestProject } from 'vitest/node';

/** Starts the servers of a test run and answers what stops them; killed, they stop by themselves. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [cluster, redis] = await Promise.all([
    TestCluster.start(async (migrationUrl) => {
      // Loaded here, so that a migration that does not even compile fails only the tests that need the schema.
      const { runMigrations } =
        await import('../apps/auth-service/src/migrations/run-migrations.js');
      await runMigrations(migrationUrl, false);
    }),
    startRedis().catch((error: unknown) => ({ failure: String(error) })),
  ]);
  project.provide('postgres', cluster.access);
  project.provide('redis', 'failure' in redis ? redis : { url: redis.url });
  return async () => {
    await Promise.all([cluster.stop(), 'failure' in redis ? undefined : redis.stop()]);
  };
}
