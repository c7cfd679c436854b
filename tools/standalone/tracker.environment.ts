import { DEFAULT_PORTS } from '@poc-tracker/contracts';
import { EnvironmentReader } from '@poc-tracker/http-service';

/**
 * The variables that are passed on to the tracker. An allow list, so that no secret reaches it, above all the signing
 * key and the operators' login.
 */
const PASSED_ON = [
  'NODE_ENV',
  'HOST',
  'PATH',
  'TZ',
  'NODE_OPTIONS',
  'UV_THREADPOOL_SIZE',
  'LOG_LEVEL',
  'TRUSTED_PROXIES',
  'RATE_LIMITS',
  'RATE_LIMIT_SHADOW',
  'REQUEST_TIMEOUT_MS',
  'SHUTDOWN_DELAY_MS',
  'API_DOCS',
  'HEALTH_DETAILS',
  'DB_POOL_MIN',
  'DB_POOL_MAX',
  'DB_TENANT_SHARE',
  'DB_PREPARED_STATEMENTS',
  'REDIS_URL',
  'BASE_DOMAIN',
  'DEFAULT_TENANT',
  'JWT_ISSUER',
  'JWT_AUDIENCE',
  'AUTH_URL',
  'STORAGE_DIR',
  'MAX_UPLOAD_MB',
  'UPLOAD_TIMEOUT_MINUTES',
] as const;

/** The port of the tracker. @throws ConfigurationError */
export function readTrackerPort(env: NodeJS.ProcessEnv): number {
  const reader = new EnvironmentReader(env);
  const port = reader.integer('TRACKER_PORT', DEFAULT_PORTS.tracker, { min: 0, max: 65_535 });
  reader.assertValid();
  return port;
}

/** The environment of a tracker on the given database. Variables of `env` take precedence over `defaults`. */
export function trackerEnvironment(
  env: NodeJS.ProcessEnv,
  {
    databaseUrl,
    port,
    defaults = {},
  }: { databaseUrl: string; port: number; defaults?: NodeJS.ProcessEnv },
): NodeJS.ProcessEnv {
  const passed = PASSED_ON.filter((name) => (env[name] ?? '').trim() !== '');
  return {
    ...defaults,
    ...Object.fromEntries(passed.map((name) => [name, env[name]])),
    DATABASE_URL: databaseUrl,
    PORT: String(port),
  };
}
