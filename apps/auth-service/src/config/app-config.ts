import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { availableParallelism } from 'node:os';
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
} from '@poc-tracker/http-service';

/** Everything that can be set, read once from the environment; nothing else in the service reads it. */
export interface AppConfig {
  readonly environment: 'production' | 'development' | 'test';
  readonly version: string;
  readonly http: HttpSettings;
  readonly database: DatabaseSettings & { readonly platformUrl: string | undefined };
  readonly redis: { readonly url: string | undefined };
  readonly tenancy: {
    readonly baseDomain: string;
    readonly defaultTenant: string | undefined;
    readonly signup: 'open' | 'closed';
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

/** NIST SP 800-131A: RSA below 2048 bits must not sign. */
const MIN_RSA_BITS = 2048;

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
      platformUrl: readDatabaseUrl(reader, 'PLATFORM_DATABASE_URL', production),
    },
    redis: { url: reader.url('REDIS_URL', ['redis', 'rediss'], 'redis://127.0.0.1:6379') },
    tenancy: {
      baseDomain: reader
        .text(
          'BASE_DOMAIN',
          'poctracker.com',
          /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i,
          'must be a domain name.',
        )
        .toLowerCase(),
      defaultTenant: readDefaultTenant(reader),
      signup: reader.choice('TENANT_SIGNUP', ['open', 'closed'], production ? 'closed' : 'open'),
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

function readTokens(reader: EnvironmentReader): AppConfig['tokens'] | undefined {
  const issuer = reader.text('JWT_ISSUER', 'poc-tracker-auth', /\S/, 'must not be blank.');
  const audience = reader.text('JWT_AUDIENCE', 'poc-tracker-api', /\S/, 'must not be blank.');
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
  const published = readBundle(reader);
  if (privateKey === undefined) return undefined;
  const signing = createPublicKey(privateKey);
  const publicKeys = [signing, ...published.filter((key) => !key.equals(signing))];
  return { issuer, audience, privateKey, publicKeys, refreshSecret };
}

/** Keys of earlier rotations stay in JWT_PUBLIC_KEY until the tokens they signed have expired. */
function readBundle(reader: EnvironmentReader): KeyObject[] {
  const bundle = reader.secret('JWT_PUBLIC_KEY');
  if (bundle === undefined) return [];
  const blocks = bundle.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [bundle];
  return blocks.flatMap((pem) => readKey(reader, 'JWT_PUBLIC_KEY', pem, createPublicKey) ?? []);
}

function readKey(
  reader: EnvironmentReader,
  variable: string,
  pem: string | undefined,
  parse: (pem: string) => KeyObject,
): KeyObject | undefined {
  const example = `(a file made by "npm run keys:generate", named in ${variable}_FILE)`;
  if (pem === undefined) {
    reader.refuse(variable, 'is missing.', example);
    return undefined;
  }
  try {
    const key = parse(pem);
    const bits =
      key.asymmetricKeyType === 'rsa' ? key.asymmetricKeyDetails?.modulusLength : undefined;
    if ((bits ?? 0) >= MIN_RSA_BITS) return key;
    reader.refuse(variable, `must be an RSA key of at least ${MIN_RSA_BITS} bits.`, example);
  } catch {
    reader.refuse(variable, 'is no key in PEM form.', example);
  }
  return undefined;
}

function readDefaultTenant(reader: EnvironmentReader): string | undefined {
  const tenant = reader.optional('DEFAULT_TENANT')?.toLowerCase();
  if (tenant !== undefined && !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(tenant)) {
    reader.refuse('DEFAULT_TENANT', "must be a tenant's subdomain.", 'acme');
  }
  return tenant;
}
