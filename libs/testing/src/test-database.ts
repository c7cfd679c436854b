import {
  createDatabase,
  databaseUrls,
  type DatabaseUrls,
  withDatabase,
} from '@poc-tracker/embedded';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import type { TestClusterAccess } from './test-cluster.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Absent in unit tests, like Redis. */
    postgres?: TestClusterAccess;
    /** The URL, or why there is no server. */
    redis?: { url: string } | { failure: string };
  }
}

export interface TestDatabase extends DatabaseUrls {
  name: string;
  /** Connects as the superuser, to arrange and to check data past every policy. */
  adminUrl: string;
  /** Runs a statement as the superuser, on one connection that stays open until the database is dropped. */
  sql<Row>(text: string, params?: unknown[]): Promise<Row[]>;
  /** Terminates open connections and drops the database. */
  drop(): Promise<void>;
}

/** Creates a database with the whole schema and no rows. Each spec file creates and drops its own. */
export async function createTestDatabase(
  cluster: TestClusterAccess = testCluster(),
): Promise<TestDatabase> {
  if (cluster.templateFailure !== null) {
    throw new Error(
      `There is no migrated database to copy, because the migrations failed: ${cluster.templateFailure}`,
    );
  }
  return openTestDatabase(cluster, cluster.template);
}

/** Creates a database that has the logins but no schema, for tests of the migrations. */
export async function createEmptyDatabase(
  cluster: TestClusterAccess = testCluster(),
): Promise<TestDatabase> {
  return openTestDatabase(cluster);
}

/**
 * The PostgreSQL server of this test run.
 * @throws Error in a unit test, which has none.
 */
export function testCluster(): TestClusterAccess {
  return inject('postgres') ?? refuseUnitTest('PostgreSQL');
}

/**
 * The Redis server of this test run. All spec files share it: each prefixes its keys.
 * @throws Error in a unit test, and where Redis could not be started.
 */
export function redisUrl(): string {
  const redis = inject('redis') ?? refuseUnitTest('Redis');
  if ('failure' in redis) throw new Error(redis.failure);
  return redis.url;
}

function refuseUnitTest(server: string): never {
  throw new Error(
    `Unit tests have no ${server}. Rename the file to *.database.spec.ts, or to *.system.spec.ts if it needs a whole ` +
      'application; vitest.config.ts describes the tiers.',
  );
}

async function openTestDatabase(
  cluster: TestClusterAccess,
  template?: string,
): Promise<TestDatabase> {
  const { adminUrl, passwords } = cluster;
  const name = `test_${randomBytes(8).toString('hex')}`;
  await createDatabase(adminUrl, name, template);
  const admin = new AdminConnection(withDatabase(adminUrl, name));
  return {
    name,
    adminUrl: withDatabase(adminUrl, name),
    ...databaseUrls(adminUrl, name, passwords),
    sql: <Row>(text: string, params?: unknown[]) => admin.run<Row>(text, params),
    drop: async () => {
      await admin.close();
      await dropDatabase(adminUrl, name);
    },
  };
}

/** One connection for all statements of a test, because connecting takes longer than most of them. */
class AdminConnection {
  private client: Promise<pg.Client> | undefined;
  private previous: Promise<unknown> = Promise.resolve();

  constructor(private readonly url: string) {}

  /** Statements that a test sends at once run one after the other: pg deprecates queuing them in the client. */
  run<Row>(text: string, params?: unknown[]): Promise<Row[]> {
    const result = this.previous.then(() => this.execute<Row>(text, params));
    this.previous = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    await (await client)?.end();
  }

  private async execute<Row>(text: string, params?: unknown[]): Promise<Row[]> {
    const { rows } = await (await this.open()).query(text, params);
    return rows as Row[];
  }

  private open(): Promise<pg.Client> {
    return (this.client ??= this.connect());
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url });
    // Tests terminate the connections of a database, this one as well. The next statement opens another.
    const discard = (): void => void (this.client = undefined);
    client.on('error', discard).on('end', discard);
    await client.connect();
    return client;
  }
}

/** How long closed connections may take to disappear. Tests that break theirs on purpose leave some that never do. */
const CLOSING_MS = 2_000;

/**
 * A client that is closing still listens until the server disconnects. A termination in that moment would be an unhandled
 * error, which fails the whole run.
 */
async function waitUntilUnused(admin: pg.Client, name: string): Promise<void> {
  const deadline = Date.now() + CLOSING_MS;
  while (Date.now() < deadline) {
    const { rowCount } = await admin.query('SELECT FROM pg_stat_activity WHERE datname = $1', [
      name,
    ]);
    if (rowCount === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    await waitUntilUnused(admin, name);
    await admin.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
  } finally {
    await admin.end();
  }
}
