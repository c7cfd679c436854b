/**
 * Measures how much an attack on one tenant slows down another: the latency of its log-ins and of GET /auth/me, before and
 * during the attack. Ends with 1 if a bound does not hold.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { provisionDatabase, startPostgres, withDatabase } from '@poc-tracker/embedded';
import { runMigrations } from '../../../apps/auth-service/src/migrations/run-migrations.js';
import { SERVICE_BUNDLE, serviceEnvironment, startServer } from '../../service-process.js';
import { ask } from '../pinned-process.js';
import { PASSWORD, seed, settled, type SeededUser } from '../seed.js';
import { table } from '../summary.js';
import type { BurstResult, LogInBurst } from './log-in-burst.js';

const SECONDS = 20;
const BURST = 400;
/** Requests per second of the other tenant, and by how much its 99th percentile may grow. */
const VICTIM = {
  'POST /auth/login': { perSecond: 5, bound: 2 },
  'GET /auth/me': { perSecond: 50, bound: 3 },
};
type Route = keyof typeof VICTIM;

const ATTACK_CORE = 1;

interface Victim {
  url: string;
  /** The user who logs in. */
  user: SeededUser;
  /** Of another user: the log-ins would revoke the oldest sessions of their own user (`security.maxSessions`). */
  token: string;
}

interface Latencies {
  sorted: number[];
  /** The number of answers other than 200 by status. */
  failed: Record<string, number>;
}

async function request({ url, user, token }: Victim, route: Route): Promise<Response> {
  return route === 'GET /auth/me'
    ? fetch(`${url}/api/v1/auth/me`, { headers: { authorization: `Bearer ${token}` } })
    : fetch(`${url}/api/v1/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-tenant-id': user.tenantId },
        body: JSON.stringify({ email: user.email, password: PASSWORD }),
      });
}

/** Sends requests at a fixed rate, whether or not earlier ones are answered, and returns their latencies in order. */
async function latencies(victim: Victim, route: Route): Promise<Latencies> {
  const { perSecond } = VICTIM[route];
  const failed: Latencies['failed'] = {};
  const start = performance.now();
  const results = Array.from({ length: SECONDS * perSecond }, async (_, index) => {
    await delay(start + (index * 1_000) / perSecond - performance.now());
    const sentAt = performance.now();
    const response = await request(victim, route);
    await response.arrayBuffer();
    if (response.status !== 200) failed[response.status] = (failed[response.status] ?? 0) + 1;
    return performance.now() - sentAt;
  });
  return { sorted: (await Promise.all(results)).sort((a, b) => a - b), failed };
}

const percentile = ({ sorted }: Latencies, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

async function measure(victim: Victim): Promise<Record<Route, Latencies>> {
  const [logIn, me] = await Promise.all([
    latencies(victim, 'POST /auth/login'),
    latencies(victim, 'GET /auth/me'),
  ]);
  return { 'POST /auth/login': logIn, 'GET /auth/me': me };
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'poc-tracker-fairness-'));
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: true });
  try {
    const urls = await provisionDatabase(postgres.adminUrl);
    await runMigrations(urls.migrationUrl, false);
    const adminUrl = withDatabase(postgres.adminUrl, 'poc_tracker');
    const { users } = await seed(adminUrl);
    const env = {
      ...serviceEnvironment(urls),
      TRUSTED_PROXIES: '127.0.0.1',
      // Enough for a machine of few cores: PostgreSQL runs on it as well.
      DB_POOL_MAX: '10',
    };
    const service = await startServer([process.execPath, SERVICE_BUNDLE], env, '/health/live');
    try {
      await settled(adminUrl);
      await compare(service.url, users);
    } finally {
      await service.stop();
    }
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(url: string, users: readonly SeededUser[]): Promise<void> {
  const [user, reader] = users;
  const target = users.at(-1);
  if (user === undefined || reader === undefined || target === undefined)
    throw new Error('The seeding made no users.');
  const login = await request({ url, user: reader, token: '' }, 'POST /auth/login');
  const { data } = (await login.json()) as { data: { tokens: { accessToken: string } } };
  const victim = { url, user, token: data.tokens.accessToken };
  await measure(victim);
  const before = await measure(victim);
  const order: LogInBurst = {
    url,
    seconds: SECONDS,
    size: BURST,
    tenantId: target.tenantId,
    emails: users.filter(({ tenantId }) => tenantId === target.tenantId).map(({ email }) => email),
    password: PASSWORD,
  };
  const attack = ask<BurstResult>(ATTACK_CORE, join(import.meta.dirname, 'log-in-burst.ts'), order);
  const during = await measure(victim);
  const rows = (Object.keys(VICTIM) as Route[]).map((route) => {
    const [idle, attacked] = [percentile(before[route], 0.99), percentile(during[route], 0.99)];
    const { bound } = VICTIM[route];
    const failed = { ...before[route].failed, ...during[route].failed };
    const hasFailed = Object.keys(failed).length > 0;
    if (attacked > bound * idle || hasFailed) process.exitCode = 1;
    return [
      route,
      percentile(before[route], 0.5).toFixed(1),
      idle.toFixed(1),
      percentile(during[route], 0.5).toFixed(1),
      attacked.toFixed(1),
      (attacked / idle).toFixed(2),
      `${bound}`,
      hasFailed ? JSON.stringify(failed) : '0',
    ];
  });
  console.log(
    `${BURST} log-ins at once on one tenant, every second for ${SECONDS} s; another tenant:\n` +
      table(
        [
          'route',
          'p50 before',
          'p99 before',
          'p50 during',
          'p99 during',
          'ratio',
          'bound',
          'failed',
        ],
        rows,
      ) +
      `\nanswers to the attack by status: ${JSON.stringify(await attack)}`,
  );
}

await main();
