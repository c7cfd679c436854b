import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { deepFreeze, DEFAULT_PORTS, type Plan, PLANS } from '@poc-tracker/contracts';
import packageJson from '../../../../package.json' with { type: 'json' };
import {
  type DatabaseSettings,
  EnvironmentReader,
  readBaseDomain,
  readDatabaseUrl,
  readEnvironment,
  readKey,
  readParties,
  readPort,
  readPublicKeys,
  readServiceSettings,
  type ServiceSettings,
  type TenancySettings,
} from '@poc-tracker/http-service';
import { type RateLimitSettings, readRateLimits } from '@poc-tracker/rate-limit';
import { type Argon2Parameters, readArgon2Parameters } from './argon2-settings.js';
import { type DataKey, readDataKeys } from './data-keys.js';
import { type MailSettings, readMailSettings, warnOfMail } from './mail-settings.js';
import { readRetention, type RetentionSettings } from './retention-settings.js';

/** All settings of the service. They are read once; no other code of the service reads the environment. */
export interface AppConfig extends ServiceSettings {
  /** `platformUrl`: the operators' login, which scheduled jobs use as well. */
  readonly database: DatabaseSettings & { readonly platformUrl: string };
  readonly tenancy: TenancySettings & {
    readonly signup: 'open' | 'closed';
    /** The plans that are available at sign-up. Operators can assign any plan. */
    readonly signupPlans: readonly Plan[];
    /** Whether operators need a second factor. Always in production. */
    readonly operatorMfa: 'required' | 'optional';
    /** Days in which a canceled tenant can be restored. */
    readonly restoreDays: number;
    /** Days between the end of a subscription, which makes the tenant read-only, and its suspension. */
    readonly graceDays: number;
    /**
     * The address of a tenant's pages, with `{tenant}` in place of its subdomain, and without a slash at the end. With PORT=0
     * the default has `{port}` in place of the port, which is known when the server listens: see PublicAddress.
     */
    readonly publicUrl: string;
  };
  readonly rateLimits: RateLimitSettings;
  readonly mail: MailSettings;
  readonly retention: Readonly<RetentionSettings>;
  readonly tokens: {
    readonly issuer: string;
    readonly audience: string;
    readonly privateKey: KeyObject;
    /** All accepted keys; the signing key is first. */
    readonly publicKeys: readonly KeyObject[];
    readonly refreshSecret: Buffer;
  };
  readonly passwords: Readonly<Argon2Parameters> & {
    /** Concurrent hashes: one per core, but fewer than the threads of libuv, which also serve DNS and files. */
    readonly concurrency: number;
    /** Hours after which a temporary password can no longer be replaced. */
    readonly temporaryHours: number;
  };
  /** Encrypt secrets of users and tenants in the database. The first one encrypts, and all decrypt. */
  readonly dataKeys: readonly DataKey[];
  /** Path of a database of countries by address that replaces the one of the release. */
  readonly countryDatabase: string | undefined;
}

/** Injection token of the {@link AppConfig}. */
export const APP_CONFIG = Symbol('APP_CONFIG');

/** Minimum size of the refresh secret: the output size of its hash (RFC 7518, 3.2). */
const MIN_REFRESH_SECRET_BYTES = 32;

/**
 * Reads and validates the environment.
 * @throws ConfigurationError with every invalid variable, what is wrong and an example.
 */
export function loadConfig(env: NodeJS.ProcessEnv): AppConfig {
  const reader = new EnvironmentReader(env);
  const service = readServiceSettings(reader, {
    port: DEFAULT_PORTS.authService,
    version: packageJson.version,
  });
  const production = service.environment === 'production';
  const tokens = readTokens(reader);
  const mail = readMailSettings(reader, service);
  const settings: Omit<AppConfig, 'tokens'> = {
    ...service,
    warnings: [...service.warnings, ...warnOfMail(mail, production)],
    mail,
    database: { ...service.database, platformUrl: readPlatformUrl(reader, production) },
    tenancy: {
      ...service.tenancy,
      signup: reader.choice('TENANT_SIGNUP', ['open', 'closed'], production ? 'closed' : 'open'),
      signupPlans: readSignupPlans(reader),
      operatorMfa: readOperatorMfa(reader, production),
      restoreDays: readRestoreDays(reader),
      graceDays: reader.integer('SUBSCRIPTION_GRACE_DAYS', 7, { min: 0, max: 3_650 }),
      publicUrl: readPublicUrl(reader, service),
    },
    rateLimits: readRateLimits(reader),
    retention: readRetention(reader),
    passwords: {
      ...readArgon2Parameters(reader),
      temporaryHours: readTemporaryPasswordHours(reader),
      concurrency: readHashingThreads(reader),
    },
    dataKeys: readDataKeys(reader),
    countryDatabase: reader.optional('COUNTRY_DATABASE'),
  };
  reader.assertValid();
  if (tokens === undefined) throw new Error('A key is missing although no variable was refused.');
  return deepFreeze({ ...settings, tokens });
}

/**
 * Hashing leaves one core to the event loop, so that hashes of one tenant do not delay the requests of others, and one thread of
 * the pool to the other work that Node does there.
 */
function readHashingThreads(reader: EnvironmentReader): number {
  const poolSize = reader.integer('UV_THREADPOOL_SIZE', 4, { min: 1, max: 1_024 });
  return Math.max(1, Math.min(availableParallelism(), poolSize) - 1);
}

function readPlatformUrl(reader: EnvironmentReader, production: boolean): string {
  const url = readDatabaseUrl(reader, 'PLATFORM_DATABASE_URL', production);
  if (url === undefined) {
    const example = 'postgres://platform:password@db.internal:5432/poc_tracker';
    reader.refuse('PLATFORM_DATABASE_URL', 'is missing.', example);
  }
  return url ?? '';
}

/** An operator's password alone must not open all tenants (NIST SP 800-63B, AAL2), so production has no way to switch it off. */
function readOperatorMfa(
  reader: EnvironmentReader,
  production: boolean,
): AppConfig['tenancy']['operatorMfa'] {
  const byDefault = production ? 'required' : 'optional';
  const choice = reader.choice('OPERATOR_MFA', ['required', 'optional'], byDefault);
  if (production && choice === 'optional')
    reader.refuse('OPERATOR_MFA', 'must be required in production.', 'required');
  return choice;
}

/** Reads and validates only the address of tenants' pages. @throws ConfigurationError */
export function loadPublicUrl(env: NodeJS.ProcessEnv): string {
  const reader = new EnvironmentReader(env);
  const publicUrl = readPublicUrl(reader, {
    environment: readEnvironment(reader),
    tenancy: { baseDomain: readBaseDomain(reader) },
    http: { port: readPort(reader, DEFAULT_PORTS.authService) },
  });
  reader.assertValid();
  return publicUrl;
}

/** Links with tokens are built from it, so it is https in production. */
function readPublicUrl(
  reader: EnvironmentReader,
  {
    environment,
    tenancy,
    http,
  }: Pick<ServiceSettings, 'environment'> & {
    tenancy: Pick<ServiceSettings['tenancy'], 'baseDomain'>;
    http: Pick<ServiceSettings['http'], 'port'>;
  },
): string {
  const production = environment === 'production';
  const pattern = reader.optional('PUBLIC_URL');
  if (pattern === undefined)
    return production
      ? `https://{tenant}.${tenancy.baseDomain}`
      : `http://{tenant}.localhost:${http.port === 0 ? '{port}' : http.port}`;
  const [before = '', after, ...more] = pattern.split('{tenant}');
  const example = `${before}tenant${after ?? ''}`;
  const url = URL.canParse(example) ? new URL(example) : undefined;
  const schemes = production ? ['https:'] : ['https:', 'http:'];
  const plain = url?.username === '' && url.password === '' && !/[?#\s]/.test(pattern);
  if (after === undefined || more.length > 0 || !plain || !schemes.includes(url.protocol)) {
    reader.refuse(
      'PUBLIC_URL',
      `must be ${production ? 'an https' : 'a'} URL with {tenant} once, and without a query, a fragment or a password.`,
      'https://{tenant}.poctracker.com',
    );
  }
  return pattern.replace(/\/+$/, '');
}

export function readRestoreDays(reader: EnvironmentReader): number {
  return reader.integer('TENANT_RESTORE_DAYS', 30, { min: 1, max: 3_650 });
}

/** Long enough for a weekend, and short (OWASP ASVS 6.4.1): until then the password is in a message to its user. */
export function readTemporaryPasswordHours(reader: EnvironmentReader): number {
  return reader.integer('TEMPORARY_PASSWORD_HOURS', 72, { min: 1, max: 720 });
}

function readSignupPlans(reader: EnvironmentReader): Plan[] {
  const given = reader.list('SIGNUP_PLANS');
  const plans = PLANS.filter((plan) => given.includes(plan));
  if (plans.length !== given.length)
    reader.refuse('SIGNUP_PLANS', `must list plans of ${PLANS.join(', ')}.`, 'basic,pro');
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
