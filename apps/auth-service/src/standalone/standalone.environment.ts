import { join, relative, resolve } from 'node:path';
import { provisionDatabase, startPostgres } from '@poc-tracker/embedded';
import pg from 'pg';
import { loadConfig } from '../config/app-config.js';
import { runMigrations } from '../migrations/run-migrations.js';
import { assertPortIsFree } from './port.check.js';
import { SecretStore } from './secret.store.js';

const DATABASE = 'poc_tracker';

/** Stands in for the embedded database's URL while the other settings are checked, before there is one. */
const DATABASE_TO_COME = 'postgres://127.0.0.1/poc_tracker';

export interface Standalone {
  /** What to load the configuration from. */
  readonly env: NodeJS.ProcessEnv;
  /** Absolute path of everything that is kept; undefined where the environment names a database of its own. */
  readonly dataDirectory: string | undefined;
  /** True while the embedded database has no tenant. */
  readonly firstStart: boolean;
  /** Stops what was started. */
  stop(): Promise<void>;
}

/**
 * Completes the environment of a service that was told nothing: without DATABASE_URL it gets an embedded PostgreSQL,
 * migrated, and keys of its own, all kept under DATA_DIR. With DATABASE_URL, and in production, where nothing may be
 * made up, it comes back as it was.
 * @throws ConfigurationError for a wrong setting, before anything is started.
 * @throws StartFailureError | EmbeddedPostgresError with one sentence on what is in the way.
 */
export async function prepareStandalone(
  env: NodeJS.ProcessEnv,
  say: (line: string) => void = (line) => void process.stdout.write(`${line}\n`),
): Promise<Standalone> {
  if (isSet(env, 'DATABASE_URL') || env['NODE_ENV']?.trim() === 'production') {
    return { env, dataDirectory: undefined, firstStart: false, stop: async () => undefined };
  }
  const dataDirectory = resolve(env['DATA_DIR']?.trim() || '.data');
  const secrets = new SecretStore(dataDirectory);
  const withKeys = { ...env, ...missingKeys(env, secrets) };
  const { http } = loadConfig({ ...withKeys, DATABASE_URL: DATABASE_TO_COME });
  await assertPortIsFree(http.host, http.port);
  say(`Starting PostgreSQL, data in ${relative(process.cwd(), dataDirectory) || '.'} …`);
  const wanted = join(dataDirectory, 'postgres');
  const server = await startPostgres({ dataDir: wanted, durable: true });
  if (server.dataDirectory !== wanted) {
    say(
      `PostgreSQL's account cannot enter ${dataDirectory}: the database lies in ${server.dataDirectory}.`,
    );
  }
  try {
    const urls = await provisionDatabase(server.adminUrl, {
      database: DATABASE,
      passwords: secrets.loginPasswords(),
    });
    say('Bringing the schema up to date …');
    await runMigrations(urls.migrationUrl, false);
    return {
      env: { ...withKeys, DATABASE_URL: urls.serviceUrl, PLATFORM_DATABASE_URL: urls.platformUrl },
      dataDirectory,
      firstStart: await hasNoTenant(urls.platformUrl),
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Keys that the environment brings are kept, as everywhere: only what is missing is made. */
function missingKeys(env: NodeJS.ProcessEnv, secrets: SecretStore): NodeJS.ProcessEnv {
  const keys: NodeJS.ProcessEnv = {};
  if (!isSet(env, 'JWT_PRIVATE_KEY') && !isSet(env, 'JWT_PRIVATE_KEY_FILE')) {
    keys['JWT_PRIVATE_KEY_FILE'] = secrets.signingKeyFile();
  }
  if (!isSet(env, 'JWT_REFRESH_SECRET') && !isSet(env, 'JWT_REFRESH_SECRET_FILE')) {
    keys['JWT_REFRESH_SECRET_FILE'] = secrets.refreshSecretFile();
  }
  return keys;
}

/** An empty variable counts as unset, as in the configuration. */
function isSet(env: NodeJS.ProcessEnv, variable: string): boolean {
  return (env[variable] ?? '').trim() !== '';
}

async function hasNoTenant(platformUrl: string): Promise<boolean> {
  const operator = new pg.Client({ connectionString: platformUrl });
  await operator.connect();
  try {
    const { rowCount } = await operator.query('SELECT 1 FROM tenants LIMIT 1');
    return rowCount === 0;
  } finally {
    await operator.end();
  }
}
