import {
  chooseServerIdentity,
  type EmbeddedPostgres,
  generateLoginPasswords,
  type LoginPasswords,
  provisionDatabase,
  startPostgres,
} from '@poc-tracker/embedded';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { createTemporaryFolder } from './temporary-folder.js';

const TEMPLATE = 'poc_tracker_template';

/** What another process needs to create databases on a running {@link TestCluster}. It can be serialized. */
export interface TestClusterAccess {
  adminUrl: string;
  passwords: LoginPasswords;
  /** The name of the migrated database to copy. */
  template: string;
  /** Why the template could not be migrated, or null. */
  templateFailure: string | null;
}

/** One PostgreSQL server for many test databases. Its data is temporary, so it never waits for the disk. */
export class TestCluster {
  private constructor(
    readonly access: TestClusterAccess,
    private readonly stopServer: () => Promise<void>,
  ) {}

  /** Starts the server and migrates the template once. A failed migration fails only the tests that need a migrated database. */
  static async start(migrate: (migrationUrl: string) => Promise<unknown>): Promise<TestCluster> {
    const folder = createTemporaryFolder('postgres', chooseServerIdentity());
    let server: EmbeddedPostgres | undefined;
    const stopServer = async (): Promise<void> => {
      await server?.stop();
      rmSync(folder, { recursive: true, force: true });
    };
    try {
      server = await startPostgres({
        dataDir: join(folder, 'data'),
        durable: false,
        removeAfterwards: folder,
      });
      const { adminUrl } = server;
      const passwords = generateLoginPasswords();
      const { migrationUrl } = await provisionDatabase(adminUrl, { database: TEMPLATE, passwords });
      const templateFailure = await migrate(migrationUrl).then(() => null, describeFailure);
      await closeTemplate(adminUrl);
      return new TestCluster(
        { adminUrl, passwords, template: TEMPLATE, templateFailure },
        stopServer,
      );
    } catch (error) {
      await stopServer();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.stopServer();
  }
}

/** PostgreSQL does not copy a database that has connections, so the template refuses them. */
async function closeTemplate(adminUrl: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    await admin.query(`ALTER DATABASE ${TEMPLATE} ALLOW_CONNECTIONS false`);
  } finally {
    await admin.end();
  }
}

function describeFailure(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
