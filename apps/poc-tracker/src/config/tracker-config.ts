import type { KeyObject } from 'node:crypto';
import { isSafeIssuer } from '@poc-tracker/auth-kit';
import { deepFreeze, DEFAULT_PORTS } from '@poc-tracker/contracts';
import packageJson from '../../../../package.json' with { type: 'json' };
import {
  EnvironmentReader,
  readParties,
  readPublicKeys,
  readServiceSettings,
  type ServiceSettings,
} from '@poc-tracker/http-service';
import { type RateLimitSettings, readRateLimits } from '@poc-tracker/rate-limit';

/** All settings of the tracker. They are read once; no other code of the tracker reads the environment. */
export interface TrackerConfig extends ServiceSettings {
  readonly rateLimits: RateLimitSettings;
  readonly tokens: {
    readonly issuer: string;
    readonly audience: string;
    /** If empty, the keys are fetched from `jwksUrl`. */
    readonly publicKeys: readonly KeyObject[];
    readonly jwksUrl: string;
  };
  readonly files: {
    readonly directory: string;
    readonly maxUploadBytes: number;
    readonly uploadTimeoutMs: number;
  };
}

/** Injection token of the {@link TrackerConfig}. */
export const TRACKER_CONFIG = Symbol('TRACKER_CONFIG');

const BYTES_OF_MB = 1024 * 1024;
const MS_OF_MINUTE = 60_000;

/**
 * Reads and validates the environment.
 * @throws ConfigurationError with every invalid variable, what is wrong and an example.
 */
export function loadTrackerConfig(env: NodeJS.ProcessEnv): TrackerConfig {
  const reader = new EnvironmentReader(env);
  const service = readServiceSettings(reader, {
    port: DEFAULT_PORTS.tracker,
    version: packageJson.version,
  });
  const config: TrackerConfig = {
    ...service,
    rateLimits: readRateLimits(reader),
    tokens: readTokens(reader, service.environment === 'production'),
    files: {
      directory: reader.optional('STORAGE_DIR') ?? '.data/files',
      maxUploadBytes:
        reader.integer('MAX_UPLOAD_MB', 100, { min: 1, max: 1_048_576 }) * BYTES_OF_MB,
      uploadTimeoutMs:
        reader.integer('UPLOAD_TIMEOUT_MINUTES', 60, { min: 1, max: 1_440 }) * MS_OF_MINUTE,
    },
  };
  reader.assertValid();
  return deepFreeze(config);
}

function readTokens(reader: EnvironmentReader, production: boolean): TrackerConfig['tokens'] {
  const publicKeys = readPublicKeys(reader);
  const authUrl = reader.url('AUTH_URL', ['http', 'https'], 'https://auth.poctracker.com');
  if (publicKeys.length === 0) validateAuthUrl(reader, authUrl, production);
  return {
    ...readParties(reader),
    publicKeys,
    jwksUrl: `${(authUrl ?? `http://127.0.0.1:${DEFAULT_PORTS.authService}`).replace(/\/+$/, '')}/.well-known/jwks.json`,
  };
}

/** An attacker who can change the response with the keys can forge tokens. */
function validateAuthUrl(
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
