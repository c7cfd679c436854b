import { isIP } from 'node:net';
import type { EnvironmentReader } from './environment-reader.js';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where a service listens, which proxies it trusts, and how long a request may take. */
export interface HttpSettings {
  readonly host: string;
  readonly port: number;
  /** Addresses or CIDR ranges whose X-Forwarded-* headers are trusted. */
  readonly trustedProxies: readonly string[];
  readonly requestTimeoutMs: number;
  /** How long a stopping service still accepts requests, for load balancers to notice. */
  readonly shutdownDelayMs: number;
}

/** The login of the service and its connection pool. */
export interface DatabaseSettings {
  readonly serviceUrl: string;
  readonly poolMin: number;
  readonly poolMax: number;
  /** Percentage of `poolMax` that one tenant uses at most. */
  readonly tenantShare: number;
  /** True: TLS with a verified certificate. */
  readonly tls: boolean;
  /** False behind a transaction pooler without prepared statements (PgBouncer before 1.21). */
  readonly preparedStatements: boolean;
}

/** How requests name their tenant. */
export interface TenancySettings {
  /** The hosts of tenants are `<subdomain>.<base domain>`. */
  readonly baseDomain: string;
  /** Subdomain of the tenant for requests that do not name one. */
  readonly defaultTenant: string | undefined;
}

/** What every service reads from the environment. */
export interface ServiceSettings {
  readonly environment: 'production' | 'development' | 'test';
  /** The version that the health report shows. */
  readonly version: string;
  readonly http: HttpSettings;
  readonly database: DatabaseSettings;
  readonly redis: { readonly url: string | undefined };
  readonly tenancy: TenancySettings;
  readonly exposure: ExposureSettings;
  readonly logLevel: LogLevel;
  /** What the operator should know of the environment, although it is valid. */
  readonly warnings: readonly string[];
}

/** What the service tells everyone about itself. */
export interface ExposureSettings {
  /** Swagger UI and the OpenAPI document. */
  readonly docs: boolean;
  /** Versions, memory and the use of pools in the health report. */
  readonly healthDetails: boolean;
}

const DATABASE_EXAMPLE = 'postgres://service:password@db.internal:5432/poc_tracker';

export function readServiceSettings(
  reader: EnvironmentReader,
  defaults: { port: number; version: string },
): ServiceSettings {
  const environment = readEnvironment(reader);
  const production = environment === 'production';
  return {
    environment,
    version: reader.text('APP_VERSION', defaults.version, /^[\w.+-]{1,64}$/, 'must be a version.'),
    http: readHttpSettings(reader, defaults.port, production),
    database: readDatabaseSettings(reader, production),
    redis: { url: reader.url('REDIS_URL', ['redis', 'rediss'], 'redis://127.0.0.1:6379') },
    tenancy: readTenancySettings(reader),
    exposure: readExposureSettings(reader, production),
    logLevel: reader.choice('LOG_LEVEL', LOG_LEVELS, 'info'),
    warnings: reader.misspelled(),
  };
}

export function readEnvironment(reader: EnvironmentReader): ServiceSettings['environment'] {
  return reader.choice('NODE_ENV', ['production', 'development', 'test'], 'development');
}

export function readPort(reader: EnvironmentReader, defaultPort: number): number {
  return reader.integer('PORT', defaultPort, { min: 0, max: 65_535 });
}

export function readBaseDomain(reader: EnvironmentReader): string {
  const pattern = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i;
  const domain = reader.text('BASE_DOMAIN', 'poctracker.com', pattern, 'must be a domain name.');
  return domain.toLowerCase();
}

/** @param production true: closed by default, because the routes are public and an attacker's first source (ASVS 13.4). */
function readExposureSettings(reader: EnvironmentReader, production: boolean): ExposureSettings {
  const fallback = production ? 'off' : 'on';
  return {
    docs: reader.choice('API_DOCS', ['on', 'off'], fallback) === 'on',
    healthDetails: reader.choice('HEALTH_DETAILS', ['on', 'off'], fallback) === 'on',
  };
}

/** @param production true: there is a load balancer, which needs time to notice that the service stops. */
function readHttpSettings(
  reader: EnvironmentReader,
  defaultPort: number,
  production: boolean,
): HttpSettings {
  return {
    host: reader.text('HOST', '127.0.0.1', /^[\w.:-]+$/, 'must be a host name or an address.'),
    port: readPort(reader, defaultPort),
    trustedProxies: readTrustedProxies(reader),
    requestTimeoutMs: reader.integer('REQUEST_TIMEOUT_MS', 10_000, { min: 100, max: 300_000 }),
    shutdownDelayMs: reader.integer('SHUTDOWN_DELAY_MS', production ? 5_000 : 200, {
      min: 0,
      max: 300_000,
    }),
  };
}

/** @param production true: TLS is verified, and the URL cannot disable it. */
function readDatabaseSettings(reader: EnvironmentReader, production: boolean): DatabaseSettings {
  const settings = {
    serviceUrl: readDatabaseUrl(reader, 'DATABASE_URL', production) ?? '',
    poolMin: reader.integer('DB_POOL_MIN', 10, { min: 0, max: 1_000 }),
    poolMax: reader.integer('DB_POOL_MAX', 100, { min: 1, max: 1_000 }),
    tenantShare: reader.integer('DB_TENANT_SHARE', 50, { min: 1, max: 100 }),
    tls: production,
    preparedStatements: reader.choice('DB_PREPARED_STATEMENTS', ['on', 'off'], 'on') === 'on',
  };
  if (settings.serviceUrl === '') reader.refuse('DATABASE_URL', 'is missing.', DATABASE_EXAMPLE);
  if (settings.poolMin > settings.poolMax) {
    reader.refuse('DB_POOL_MIN', 'must not be above DB_POOL_MAX.', '10');
  }
  return settings;
}

/** The ssl parameters of a URL take precedence over the driver's options, so they could disable verification. */
export function readDatabaseUrl(
  reader: EnvironmentReader,
  variable: string,
  production: boolean,
): string | undefined {
  const url = reader.url(variable, ['postgres', 'postgresql'], DATABASE_EXAMPLE);
  if (production && url !== undefined && /[?&]ssl/i.test(url)) {
    reader.refuse(
      variable,
      'must not have ssl parameters: in production TLS is always verified.',
      DATABASE_EXAMPLE,
    );
  }
  return url;
}

function readTenancySettings(reader: EnvironmentReader): TenancySettings {
  return { baseDomain: readBaseDomain(reader), defaultTenant: readDefaultTenant(reader) };
}

function readDefaultTenant(reader: EnvironmentReader): string | undefined {
  const tenant = reader.optional('DEFAULT_TENANT')?.toLowerCase();
  if (tenant !== undefined && !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(tenant)) {
    reader.refuse('DEFAULT_TENANT', "must be a tenant's subdomain.", 'acme');
  }
  return tenant;
}

function readTrustedProxies(reader: EnvironmentReader): string[] {
  const proxies = reader.list('TRUSTED_PROXIES');
  for (const proxy of proxies) {
    const [address = '', bits, ...rest] = proxy.split('/');
    const family = isIP(address);
    const widest = family === 4 ? 32 : 128;
    const bitsFit = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= widest);
    if (family === 0 || !bitsFit || rest.length > 0) {
      reader.refuse(
        'TRUSTED_PROXIES',
        `must list addresses or CIDR ranges; "${proxy}" is neither.`,
        '10.0.0.0/8,::1',
      );
    }
  }
  return proxies;
}
