import type { KeyObject } from 'node:crypto';
import { loadTrackerConfig, type TrackerConfig } from './tracker-config.js';

/** The configuration of a tracker under test, read from an environment as in production. `env` overrides variables. */
export function testTrackerConfig(
  database: { trackerUrl: string },
  publicKeys: readonly KeyObject[],
  env: NodeJS.ProcessEnv = {},
): TrackerConfig {
  return loadTrackerConfig({
    NODE_ENV: 'test',
    PORT: '0',
    DATABASE_URL: database.trackerUrl,
    DB_POOL_MIN: '0',
    DB_POOL_MAX: '10',
    JWT_PUBLIC_KEY: publicKeys
      .map((key) => key.export({ type: 'spki', format: 'pem' }) as string)
      .join('\n'),
    RATE_LIMITS: 'all=1000000/60',
    LOG_LEVEL: 'fatal',
    ...env,
  });
}
