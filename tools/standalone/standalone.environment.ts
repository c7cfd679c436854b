import { join, relative, resolve } from 'node:path';
import { provisionDatabase, startPostgres } from '@poc-tracker/embedded';
import pg from 'pg';
import { loadConfig } from '../../apps/auth-service/src/config/app-config.js';
import { runMigrations } from '../../apps/auth-service/src/migrations/run-migrations.js';
import { assertPortIsFree, assertPortsDiffer } from './port.check.js';
import { DATABASE, writePublicUrl } from './running-standalone.js';
import { SecretStore } from './secret.store.js';
import { readTrackerPort, trackerEnvironment } from './tracker.environment.js';

/** A placeholder for the URL of the embedded database while the other settings are checked. */
const DATABASE_TO_COME = 'postgres://127.0.0.1/poc_tracker';

export interface Standalone {
  /** The environment to load the configuration from. */
  readonly env: NodeJS.ProcessEnv;
  /** Absolute path of the stored data. Undefined if the environment names a database. */
  readonly dataDirectory: string | undefined;
  /** The tracker's environment, still without AUTH_URL. Undefined if the tracker has no login. */
  readonly tracker: NodeJS.ProcessEnv | undefined;
  /** Whether the embedded database has no tenant yet. */
  readonly firstStart: boolean;
  /** Stops what was started. */
  stop(): Promise<void>;
}

/**
 * Completes the environment for `npm start`. Without DATABASE_URL, the service and the tracker get an embedded PostgreSQL
 * with a migrated schema, and keys, all stored under DATA_DIR. With DATABASE_URL, and in production, where nothing is
 * generated, the environment stays as it is.
 * @throws ConfigurationError for a wrong setting, before anything is started
 * @throws StartFailureError | EmbeddedPostgresError with one sentence on the reason
 */
export async function prepareStandalone(
  env: NodeJS.ProcessEnv,
  say: (line: string) => void = (line) => void process.stdout.write(`${line}\n`),
): Promise<Standalone> {
  if (isSet(env, 'DATABASE_URL') || env['NODE_ENV']?.trim() === 'production') {
    return {
      env,
      tracker: await trackerOnDatabaseOf(env),
      dataDirectory: undefined,
      firstStart: false,
      stop: async () => undefined,
    };
  }
  const dataDirectory = resolve(env['DATA_DIR']?.trim() || '.data');
  const secrets = new SecretStore(dataDirectory);
  const withKeys = { ...env, ...missingKeys(env, secrets) };
  const { http, tenancy } = loadConfig({
    ...withKeys,
    DATABASE_URL: DATABASE_TO_COME,
    PLATFORM_DATABASE_URL: DATABASE_TO_COME,
  });
  const trackerPort = readTrackerPort(env);
  assertPortsDiffer(http.port, trackerPort);
  await assertPortIsFree(http.host, http.port);
  await assertPortIsFree(http.host, trackerPort, 'TRACKER_PORT');
  say(`Starting PostgreSQL, data in ${relative(process.cwd(), dataDirectory) || '.'} …`);
  const wanted = join(dataDirectory, 'postgres');
  const server = await startPostgres({ dataDir: wanted, durable: true });
  if (server.dataDirectory !== wanted) {
    say(
      `The user that runs PostgreSQL cannot enter ${dataDirectory}, so the database is in ${server.dataDirectory}.`,
    );
  }
  try {
    const urls = await provisionDatabase(server.adminUrl, {
      database: DATABASE,
      passwords: secrets.loginPasswords(),
    });
    writePublicUrl(dataDirectory, tenancy.publicUrl);
    say('Migrating the schema …');
    await runMigrations(urls.migrationUrl, false);
    return {
      env: { ...withKeys, DATABASE_URL: urls.serviceUrl, PLATFORM_DATABASE_URL: urls.platformUrl },
      tracker: trackerEnvironment(env, {
        databaseUrl: urls.trackerUrl,
        port: trackerPort,
        // Both services share the connections of the embedded server.
        defaults: {
          STORAGE_DIR: join(dataDirectory, 'files'),
          DB_POOL_MIN: '2',
          DB_POOL_MAX: '20',
        },
      }),
      dataDirectory,
      firstStart: await hasNoTenant(urls.platformUrl),
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** On a given database, the tracker runs only if the environment has its login too. */
async function trackerOnDatabaseOf(env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv | undefined> {
  const databaseUrl = env['TRACKER_DATABASE_URL']?.trim() ?? '';
  if (databaseUrl === '') return undefined;
  const port = readTrackerPort(env);
  await assertPortIsFree(env['HOST']?.trim() || '127.0.0.1', port, 'TRACKER_PORT');
  return trackerEnvironment(env, { databaseUrl, port });
}

/** Generates only the keys that the environment does not have. */
function missingKeys(env: NodeJS.ProcessEnv, secrets: SecretStore): NodeJS.ProcessEnv {
  const keys: NodeJS.ProcessEnv = {};
  if (!isSet(env, 'JWT_PRIVATE_KEY') && !isSet(env, 'JWT_PRIVATE_KEY_FILE')) {
    keys['JWT_PRIVATE_KEY_FILE'] = secrets.signingKeyFile();
    const bundle = secrets.publicKeysFile();
    const named = isSet(env, 'JWT_PUBLIC_KEY') || isSet(env, 'JWT_PUBLIC_KEY_FILE');
    if (bundle !== undefined && !named) keys['JWT_PUBLIC_KEY_FILE'] = bundle;
  }
  if (!isSet(env, 'JWT_REFRESH_SECRET') && !isSet(env, 'JWT_REFRESH_SECRET_FILE')) {
    keys['JWT_REFRESH_SECRET_FILE'] = secrets.refreshSecretFile();
  }
  if (!isSet(env, 'DATA_KEYS') && !isSet(env, 'DATA_KEYS_FILE')) {
    keys['DATA_KEYS_FILE'] = secrets.dataKeysFile();
  }
  return keys;
}

/** An empty variable counts as not set, as in the configuration. */
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
