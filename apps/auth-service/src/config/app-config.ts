import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { type Plan, PLANS } from '@poc-tracker/contracts';
import packageJson from '../../../../package.json' with { type: 'json' };
import {
  type DatabaseSettings,
  deepFreeze,
  EnvironmentReader,
  type HttpSettings,
  LOG_LEVELS,
  type LogLevel,
  readDatabaseSettings,
  readDatabaseUrl,
  readHttpSettings,
  readKey,
  readParties,
  readPublicKeys,
  readTenancySettings,
  type TenancySettings,
} from '@poc-tracker/http-service';

/** Everything that can be set, read once from the environment; nothing else in the service reads it. */
export interface AppConfig {
  readonly environment: 'production' | 'development' | 'test';
  readonly version: string;
  readonly http: HttpSettings;
  /** `platformUrl`: the operators' login, which scheduled work uses as well. */
  readonly database: DatabaseSettings & { readonly platformUrl: string };
  readonly redis: { readonly url: string | undefined };
  readonly tenancy: TenancySettings & {
    readonly signup: 'open' | 'closed';
    /** The plans that whoever signs up may choose; any other is for operators to give. */
    readonly signupPlans: readonly Plan[];
    /** Days in which a canceled tenant can be brought back. */
    readonly restoreDays: number;
    /** Days of reading alone between the end of a subscription and the suspension. */
    readonly graceDays: number;
  };
  readonly tokens: {
    readonly issuer: string;
    readonly audience: string;
    readonly privateKey: KeyObject;
    /** Every key that is accepted, the signing one first. */
    readonly publicKeys: readonly KeyObject[];
    readonly refreshSecret: Buffer;
  };
  readonly passwords: {
    readonly memoryKib: number;
    readonly iterations: number;
    readonly parallelism: number;
    /** Hashes at a time: one a core, and never every thread of libuv's pool, which also looks names up and reads files. */
    readonly concurrency: number;
  };
  readonly logLevel: LogLevel;
}

/** Injection token of the {@link AppConfig}. */
export const APP_CONFIG = Symbol('APP_CONFIG');

/** Bytes of the refresh secret: as long as the output of the hash behind it (RFC 7518, 3.2). */
const MIN_REFRESH_SECRET_BYTES = 32;

/**
 * Reads and checks the whole environment.
 * @throws ConfigurationError that names every wrong variable, what is wrong and an example.
 */
export function loadConfig(env: NodeJS.ProcessEnv): AppConfig {
  const reader = new EnvironmentReader(env);
  const environment = reader.choice(
    'NODE_ENV',
    ['production', 'development', 'test'],
    'development',
  );
  const production = environment === 'production';
  const tokens = readTokens(reader);
  const settings: Omit<AppConfig, 'tokens'> = {
    environment,
    version: packageJson.version,
    http: readHttpSettings(reader, 3000),
    database: {
      ...readDatabaseSettings(reader, production),
      platformUrl: readPlatformUrl(reader, production),
    },
    redis: { url: reader.url('REDIS_URL', ['redis', 'rediss'], 'redis://127.0.0.1:6379') },
    tenancy: {
      ...readTenancySettings(reader),
      signup: reader.choice('TENANT_SIGNUP', ['open', 'closed'], production ? 'closed' : 'open'),
      signupPlans: readSignupPlans(reader),
      restoreDays: reader.integer('TENANT_RESTORE_DAYS', 30, { min: 1, max: 3_650 }),
      graceDays: reader.integer('SUBSCRIPTION_GRACE_DAYS', 7, { min: 0, max: 3_650 }),
    },
    passwords: {
      memoryKib: reader.integer('ARGON2_MEMORY_KIB', 19_456, { min: 7_168, max: 1_048_576 }),
      iterations: reader.integer('ARGON2_ITERATIONS', 2, { min: 1, max: 20 }),
      parallelism: reader.integer('ARGON2_PARALLELISM', 1, { min: 1, max: 16 }),
      concurrency: Math.max(
        1,
        Math.min(
          availableParallelism(),
          reader.integer('UV_THREADPOOL_SIZE', 4, { min: 1, max: 1_024 }) - 1,
        ),
      ),
    },
    logLevel: reader.choice('LOG_LEVEL', LOG_LEVELS, 'info'),
  };
  reader.assertValid();
  if (tokens === undefined) throw new Error('A key is missing although no variable was refused.');
  return deepFreeze({ ...settings, tokens });
}

function readPlatformUrl(reader: EnvironmentReader, production: boolean): string {
  const url = readDatabaseUrl(reader, 'PLATFORM_DATABASE_URL', production);
  if (url === undefined) {
    const example = 'postgres://platform:password@db.internal:5432/poc_tracker';
    reader.refuse('PLATFORM_DATABASE_URL', 'is missing.', example);
  }
  return url ?? '';
}

function readSignupPlans(reader: EnvironmentReader): Plan[] {
  const given = reader.list('SIGNUP_PLANS');
  const plans = PLANS.filter((plan) => given.includes(plan));
  if (plans.length !== given.length)
    reader.refuse('SIGNUP_PLANS', `must list plans out of ${PLANS.join(', ')}.`, 'basic,pro');
  return given.length === 0 ? ['basic'] : plans;
}

function readTokens(reader: EnvironmentReader): AppConfig['tokens'] | undefined {
  const { issuer, audience } = readParties(reader);
  const refreshSecret = Buffer.from(reader.secret('JWT_REFRESH_SECRET') ?? '');
  if (refreshSecret.length < MIN_REFRESH_SECRET_BYTES) {
    reader.refuse(
      'JWT_REFRESH_SECRET',
      `must be at least ${MIN_REFRESH_SECRET_BYTES} random bytes.`,
      '"$(openssl rand -base64 48)"',
    );
  }
  const privateKey = readKey(
    reader,
    'JWT_PRIVATE_KEY',
    reader.secret('JWT_PRIVATE_KEY'),
    createPrivateKey,
  );
  const published = readPublicKeys(reader);
  if (privateKey === undefined) return undefined;
  const signing = createPublicKey(privateKey);
  const publicKeys = [signing, ...published.filter((key) => !key.equals(signing))];
  return { issuer, audience, privateKey, publicKeys, refreshSecret };
}
