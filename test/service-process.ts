import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { findFreePort } from '@poc-tracker/embedded';

/** The bundle of the service, created by `npm run build`. */
export const SERVICE_BUNDLE = join(import.meta.dirname, '../dist/apps/auth-service/main.js');

/** The bundle of the tracker. */
export const TRACKER_BUNDLE = join(import.meta.dirname, '../dist/apps/poc-tracker/main.js');

/** Long, because the machine may be busy with other tests. */
const START_TIMEOUT_MS = 90_000;

export interface ServerProcess {
  url: string;
  process: ChildProcess;
  stop(): Promise<void>;
}

/** Programs that send hundreds of requests from one address. */
const HIGH_LIMITS = { RATE_LIMITS: 'all=1000000/60' };

/** Returns the settings of a service on the given database, with new keys. */
export function serviceEnvironment(database: {
  serviceUrl: string;
  platformUrl: string;
}): NodeJS.ProcessEnv {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return {
    ...HIGH_LIMITS,
    NODE_ENV: 'development',
    LOG_LEVEL: 'warn',
    DATABASE_URL: database.serviceUrl,
    PLATFORM_DATABASE_URL: database.platformUrl,
    JWT_PRIVATE_KEY: privateKey,
    JWT_PUBLIC_KEY: publicKey,
    JWT_REFRESH_SECRET: randomBytes(48).toString('base64'),
    DATA_KEYS: `test:${randomBytes(32).toString('base64')}`,
  };
}

/** Returns the settings of a tracker on the same database, which uses the keys of the service at `authUrl`. */
export function trackerEnvironment(
  database: { trackerUrl: string },
  authUrl: string,
  storageDir: string,
): NodeJS.ProcessEnv {
  return {
    ...HIGH_LIMITS,
    NODE_ENV: 'development',
    LOG_LEVEL: 'warn',
    DATABASE_URL: database.trackerUrl,
    AUTH_URL: authUrl,
    STORAGE_DIR: storageDir,
  };
}

/**
 * Starts a server as its own process on a free port, passed as PORT.
 * @param command the program and its arguments.
 * @param probe path that answers 200 as soon as the server is ready.
 */
export async function startServer(
  [program = process.execPath, ...args]: string[],
  env: NodeJS.ProcessEnv,
  probe: string,
): Promise<ServerProcess> {
  const port = await findFreePort();
  const child = spawn(program, args, {
    // REDIS_URL of the tests is not a setting of this server.
    env: { ...process.env, REDIS_URL: '', ...env, PORT: String(port), HOST: '127.0.0.1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(url + probe))) {
    if (child.exitCode !== null)
      throw new Error(`${args.join(' ')} ended with ${child.exitCode} before it answered`);
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${args.join(' ')} did not answer within ${START_TIMEOUT_MS} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    process: child,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url).catch(() => undefined);
  return response?.ok ?? false;
}
