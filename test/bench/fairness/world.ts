import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provisionDatabase, startPostgres, withDatabase } from '@poc-tracker/embedded';
import pg from 'pg';
import { runMigrations } from '../../../apps/auth-service/src/migrations/run-migrations.js';
import { SERVICE_BUNDLE, serviceEnvironment, startServer } from '../../service-process.js';
import type { FloodRequest } from './flooder.js';
import { PASSWORD, seed, settled, type SeededUser } from '../seed.js';

/** A running service with its tenants. */
export interface World {
  url: string;
  pid: number;
  admin: pg.Client;
  adminUrl: string;
  /** Users of the tenant that is measured, and of the tenant that attacks. */
  victims: readonly SeededUser[];
  attackers: readonly SeededUser[];
}

/** The settings of the service. Its rate limits are raised, so that the shares of tenants are measured and not the limits. */
const SETTINGS = {
  TRUSTED_PROXIES: '127.0.0.1',
  // Enough for a machine of few cores: PostgreSQL runs on it as well.
  DB_POOL_MAX: '10',
};

/** Builds and starts the service, seeds its database, and stops everything after `work`. */
export async function withWorld(work: (world: World) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'poc-tracker-fairness-'));
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: true });
  const adminUrl = withDatabase(postgres.adminUrl, 'poc_tracker');
  const admin = new pg.Client(adminUrl);
  try {
    const urls = await provisionDatabase(postgres.adminUrl);
    await runMigrations(urls.migrationUrl, false);
    const { users } = await seed(adminUrl);
    const env = { ...serviceEnvironment(urls), ...SETTINGS };
    const service = await startServer([process.execPath, SERVICE_BUNDLE], env, '/health/live');
    try {
      await admin.connect();
      await settled(adminUrl);
      const ofTenant = (one: SeededUser | undefined) =>
        users.filter(({ tenantId }) => tenantId === one?.tenantId);
      await work({
        url: service.url,
        pid: service.process.pid ?? NaN,
        admin,
        adminUrl,
        victims: ofTenant(users[0]),
        attackers: ofTenant(users.at(-1)),
      });
    } finally {
      await admin.end();
      await service.stop();
    }
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const JSON_BODY = { 'content-type': 'application/json' };

/** A log-in with the right password. */
export function logInRequest(user: SeededUser | undefined): FloodRequest & { body: string } {
  if (user === undefined) throw new Error('The seeding made no such user.');
  const { tenantId, email } = user;
  return {
    method: 'POST',
    path: '/api/v1/auth/login',
    headers: { ...JSON_BODY, 'x-tenant-id': tenantId },
    body: JSON.stringify({ email, password: PASSWORD }),
  };
}

/** Gives a user a role, logs in, and returns the headers of the session. */
export async function signIn(
  { url, admin }: World,
  user: SeededUser | undefined,
  role: 'user' | 'manager' | 'admin' = 'user',
): Promise<{ authorization: string }> {
  const { path, ...request } = logInRequest(user);
  await admin.query('UPDATE users SET role = $3 WHERE tenant_id = $1 AND email = $2', [
    user?.tenantId,
    user?.email,
    role,
  ]);
  const response = await fetch(url + path, request);
  const { data } = (await response.json()) as { data: { tokens: { accessToken: string } } };
  return { authorization: `Bearer ${data.tokens.accessToken}` };
}
