import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { type AppConfig, loadConfig } from './app-config.js';

/** One key pair per process: creating an RSA key takes longer than most tests. */
const signingKey = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey;

const refreshSecret = randomBytes(48).toString('base64');

const dataKeys = `test:${randomBytes(32).toString('base64')}`;

/**
 * The configuration of a service under test: read from an environment as in production, with the given database and
 * the cheapest password hashing. `env` overrides single variables.
 */
export function testConfig(
  database: { serviceUrl: string; platformUrl: string },
  env: NodeJS.ProcessEnv = {},
): AppConfig {
  return loadConfig({
    NODE_ENV: 'test',
    PORT: '0',
    DATABASE_URL: database.serviceUrl,
    PLATFORM_DATABASE_URL: database.platformUrl,
    DB_POOL_MIN: '0',
    DB_POOL_MAX: '10',
    TENANT_SIGNUP: 'open',
    JWT_PRIVATE_KEY: signingKey,
    JWT_REFRESH_SECRET: refreshSecret,
    DATA_KEYS: dataKeys,
    ARGON2_MEMORY_KIB: '7168',
    ARGON2_ITERATIONS: '1',
    // Specs send hundreds of requests from one address.
    RATE_LIMITS: 'all=1000000/60',
    LOG_LEVEL: 'fatal',
    ...env,
  });
}
