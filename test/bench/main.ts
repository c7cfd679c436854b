import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { provisionDatabase, startPostgres, withDatabase } from '@poc-tracker/embedded';
import { runMigrations } from '../../apps/auth-service/src/migrations/run-migrations.js';
import type { Argon2Order } from './argon2-loop.js';
import {
  SERVICE_BUNDLE,
  type ServerProcess,
  serviceEnvironment,
  startServer,
} from '../service-process.js';
import type { LoadOrder, LoadResult } from './load.js';
import { ask, cpuSeconds, onCore, pinning } from './pinned-process.js';
import { PASSWORD, seed, settled, type SeededUser, TENANTS, USERS_PER_TENANT } from './seed.js';
import { median, table } from './summary.js';

const ROUNDS = 7;
const SECONDS = 5;
const CONNECTIONS = 32;
/** The number of users whose tokens are used, enough that no server benefits from caching one. */
const LOGGED_IN = 200;
const SERVER_CORE = 0;
const LOAD_CORE = 1;

interface Round extends LoadResult {
  /** Share of its core that the server used, 0 to 1. */
  busy: number | undefined;
}

interface Server extends ServerProcess {
  name: string;
}

const here = import.meta.dirname;

/** Logs users in through the service, a few at a time. */
async function logIn(
  url: string,
  users: readonly SeededUser[],
): Promise<{ token: string; email: string }[]> {
  const loggedIn: { token: string; email: string }[] = [];
  const waiting = [...users];
  const worker = async () => {
    for (let user = waiting.pop(); user !== undefined; user = waiting.pop()) {
      const response = await fetch(`${url}/api/v1/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-tenant-id': user.tenantId },
        body: JSON.stringify({ email: user.email, password: PASSWORD }),
      });
      const body = (await response.json()) as { data?: { tokens: { accessToken: string } } };
      if (body.data === undefined) throw new Error(`log-in failed: ${JSON.stringify(body)}`);
      loggedIn.push({ token: body.data.tokens.accessToken, email: user.email });
    }
  };
  await Promise.all([worker(), worker()]);
  return loggedIn;
}

async function measure(server: Server, order: Omit<LoadOrder, 'url'>): Promise<Round> {
  const before = cpuSeconds(server.process.pid);
  const result = await ask<LoadResult>(LOAD_CORE, join(here, 'load.ts'), {
    ...order,
    url: server.url,
  });
  const after = cpuSeconds(server.process.pid);
  if (result.wrong > 0) throw new Error(`${server.name} gave ${result.wrong} wrong answers`);
  const busy =
    before === undefined || after === undefined ? undefined : (after - before) / order.seconds;
  return { ...result, busy };
}

function summarize(name: string, rounds: readonly Round[]): { row: string[]; rate: number } {
  const rate = median(rounds.map((round) => round.requestsPerSecond));
  const busy = rounds.map((round) => round.busy).filter((share) => share !== undefined);
  const row = [
    name,
    rate.toFixed(0),
    median(rounds.map((round) => round.p50Ms)).toFixed(0),
    median(rounds.map((round) => round.p99Ms)).toFixed(0),
    busy.length === 0 ? '?' : `${(median(busy) * 100).toFixed(0)} %`,
  ];
  return { row, rate };
}

/** Compares the service with its references. The ratio is that to the first one. */
async function benchProfile(
  [service, ...references]: [Server, Server, ...Server[]],
  callers: { token: string; email: string }[],
): Promise<string> {
  const order = {
    seconds: SECONDS,
    connections: CONNECTIONS,
    requests: callers.map(({ token, email }) => ({
      method: 'GET' as const,
      path: '/api/v1/auth/me',
      headers: { authorization: `Bearer ${token}` },
      expects: `"email":"${email}"`,
    })),
  };
  const servers = [service, ...references];
  const rounds = new Map(servers.map((server) => [server, [] as Round[]]));
  for (const server of servers) await measure(server, { ...order, seconds: 3 });
  for (let round = 0; round < ROUNDS; round += 1) {
    // The order rotates, so that a machine that slows down affects all servers alike.
    for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
      rounds.get(server)?.push(await measure(server, order));
    }
  }
  const [ours, ...others] = servers.map((server) =>
    summarize(server.name, rounds.get(server) ?? []),
  );
  const ratios = others.map(
    ({ row, rate }) => `${((ours?.rate ?? NaN) / rate).toFixed(2)} of ${row[0]}`,
  );
  return [
    `GET /api/v1/auth/me, ${CONNECTIONS} connections, ${callers.length} users, ` +
      `medians of ${ROUNDS} rounds of ${SECONDS} s, every answer checked`,
    table(
      ['server', 'requests/s', 'p50 ms', 'p99 ms', 'core busy'],
      [ours, ...others].map((server) => server?.row ?? []),
    ),
    `ratio ${ratios.join(', ')}`,
  ].join('\n');
}

async function benchLogin(
  service: Server,
  users: readonly SeededUser[],
  passwordHash: string,
): Promise<string> {
  const order = {
    seconds: SECONDS,
    connections: 4,
    requests: users.map(({ tenantId, email }) => ({
      method: 'POST' as const,
      path: '/api/v1/auth/login',
      headers: { 'content-type': 'application/json', 'x-tenant-id': tenantId },
      body: JSON.stringify({ email, password: PASSWORD }),
      expects: `"email":"${email}"`,
    })),
  };
  const argon2: Argon2Order = { hash: passwordHash, password: PASSWORD, seconds: SECONDS };
  const logins: Round[] = [];
  const verifications: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    logins.push(await measure(service, order));
    verifications.push(await ask<number>(SERVER_CORE, join(here, 'argon2-loop.ts'), argon2));
  }
  const ours = summarize('log-in through the service', logins);
  const reference = median(verifications);
  return [
    `POST /api/v1/auth/login, ${order.connections} connections, against bare argon2 (19 MiB, t=2, p=1) on the same core, ` +
      `medians of ${ROUNDS} rounds of ${SECONDS} s`,
    table(
      ['what', 'per second', 'p50 ms', 'p99 ms', 'core busy'],
      [ours.row, ['argon2.verify alone', reference.toFixed(0), '', '', '']],
    ),
    `ratio ${(ours.rate / reference).toFixed(2)}`,
  ].join('\n');
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'poc-tracker-bench-'));
  console.log('Building the service …');
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 'ignore', 'inherit'] });
  console.log(`Seeding ${TENANTS} tenants with ${USERS_PER_TENANT} users each …`);
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: true });
  const servers: Server[] = [];
  try {
    const urls = await provisionDatabase(postgres.adminUrl);
    await runMigrations(urls.migrationUrl, false);
    const adminUrl = withDatabase(postgres.adminUrl, 'poc_tracker');
    const { users, passwordHash } = await seed(adminUrl);
    const env = serviceEnvironment(urls);
    const start = async (
      name: string,
      program: string[],
      probe: string,
      settings: NodeJS.ProcessEnv = {},
    ): Promise<Server> => {
      const command = onCore(SERVER_CORE, program);
      const server = { name, ...(await startServer(command, { ...env, ...settings }, probe)) };
      servers.push(server);
      return server;
    };
    const service = await start('POC Tracker Auth', [SERVICE_BUNDLE], '/health/live');
    const reference = ['--import', 'tsx', join(here, 'bare-server.ts')];
    const bare = await start('bare Fastify + pg', reference, '/');
    const pipelined = await start('the same, pipelined', reference, '/', { PIPELINE: 'on' });
    console.log(`Logging in ${LOGGED_IN} users …`);
    const callers = await logIn(service.url, users.slice(0, LOGGED_IN));
    await settled(adminUrl);
    console.log(
      `${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}; ` +
        (pinning
          ? 'servers on one core, load on another'
          : 'no taskset: processes are not kept on cores of their own'),
    );
    console.log(`\n${await benchProfile([service, bare, pipelined], callers)}`);
    console.log(`\n${await benchLogin(service, users.slice(0, LOGGED_IN), passwordHash)}`);
  } finally {
    for (const server of servers) await server.stop();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
