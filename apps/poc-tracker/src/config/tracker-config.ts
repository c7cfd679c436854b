import type { KeyObject } from 'node:crypto';
import { isSafeIssuer } from '@poc-tracker/auth-kit';
import packageJson from '../../../../package.json' with { type: 'json' };
import {
  type DatabaseSettings,
  deepFreeze,
  EnvironmentReader,
  type HttpSettings,
  LOG_LEVELS,
  type LogLevel,
  readDatabaseSettings,
  readHttpSettings,
  readParties,
  readPublicKeys,
  readTenancySettings,
  type TenancySettings,
} from '@poc-tracker/http-service';

/** Everything that can be set, read once from the environment; nothing else in the service reads it. */
export interface TrackerConfig {
  readonly version: string;
  readonly http: HttpSettings;
  readonly database: DatabaseSettings;
  readonly redis: { readonly url: string | undefined };
  readonly tenancy: TenancySettings;
  readonly tokens: {
    readonly issuer: string;
    readonly audience: string;
    /** Empty: they are fetched from `jwksUrl`. */
    readonly publicKeys: readonly KeyObject[];
    readonly jwksUrl: string;
  };
  readonly files: {
    readonly directory: string;
    readonly maxUploadBytes: number;
    readonly uploadTimeoutMs: number;
  };
  readonly logLevel: LogLevel;
}

/** Injection token of the {@link TrackerConfig}. */
export const TRACKER_CONFIG = Symbol('TRACKER_CONFIG');

const BYTES_OF_MB = 1024 * 1024;
const MS_OF_MINUTE = 60_000;

/**
 * Reads and checks the whole environment.
 * @throws ConfigurationError that names every wrong variable, what is wrong and an example.
 */
export function loadTrackerConfig(env: NodeJS.ProcessEnv): TrackerConfig {
  const reader = new EnvironmentReader(env);
  const environment = reader.choice(
    'NODE_ENV',
    ['production', 'development', 'test'],
    'development',
  );
  const production = environment === 'production';
  const config: TrackerConfig = {
    version: packageJson.version,
    http: readHttpSettings(reader, 3001),
    database: readDatabaseSettings(reader, production),
    redis: { url: reader.url('REDIS_URL', ['redis', 'rediss'], 'redis://127.0.0.1:6379') },
    tenancy: readTenancySettings(reader),
    tokens: readTokens(reader, production),
    files: {
      directory: reader.optional('STORAGE_DIR') ?? '.data/files',
      maxUploadBytes:
        reader.integer('MAX_UPLOAD_MB', 100, { min: 1, max: 1_048_576 }) * BYTES_OF_MB,
      uploadTimeoutMs:
        reader.integer('UPLOAD_TIMEOUT_MINUTES', 60, { min: 1, max: 1_440 }) * MS_OF_MINUTE,
    },
    logLevel: reader.choice('LOG_LEVEL', LOG_LEVELS, 'info'),
  };
  reader.assertValid();
  return deepFreeze(config);
}

function readTokens(reader: EnvironmentReader, production: boolean): TrackerConfig['tokens'] {
  const publicKeys = readPublicKeys(reader);
  const authUrl = reader.url('AUTH_URL', ['http', 'https'], 'https://auth.poctracker.com');
  if (publicKeys.length === 0) refuseUnsafeIssuer(reader, authUrl, production);
  return {
    ...readParties(reader),
    publicKeys,
    jwksUrl: `${(authUrl ?? 'http://127.0.0.1:3000').replace(/\/+$/, '')}/.well-known/jwks.json`,
  };
}

/** Whoever can change the answer on its way can make tokens of their own. */
function refuseUnsafeIssuer(
  reader: EnvironmentReader,
  url: string | undefined,
  production: boolean,
): void {
  if (!production) return;
  const example = 'https://auth.poctracker.com';
  if (url === undefined) reader.refuse('AUTH_URL', 'or JWT_PUBLIC_KEY must be set.', example);
  else if (URL.canParse(url) && !isSafeIssuer(new URL(url)))
    reader.refuse('AUTH_URL', 'must be https in production.', example);
}
