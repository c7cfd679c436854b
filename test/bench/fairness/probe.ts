import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Statuses } from './flooder.js';
import { logInRequest, signIn, type World } from './world.js';

/** A request that is sent at a fixed rate before and during an attack. */
export interface Probe {
  route: string;
  perSecond: number;
  /** What the 99th percentile must not exceed: a multiple of that before the attack, or milliseconds. */
  bound: { times: number } | { ms: number };
  /** @returns the status. Rejects if the connection is lost. */
  send: () => Promise<number>;
}

export interface Measurement {
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Responses other than 200. */
  failed: Statuses;
}

/** Milliseconds after which a request counts as lost. */
const LOST_MS = 30_000;

const MAX_LOG_IN_GROWTH = 2;
const MAX_READ_GROWTH = 3;

/** Load balancers give a health check a second. */
const HEALTH_CHECK_MS = 1_000;

/** The requests of another tenant, and the health check of a load balancer, which uses a new connection each time. */
export async function probesOf(world: World): Promise<Probe[]> {
  const { url, victims } = world;
  const { path, ...logIn } = logInRequest(victims[0]);
  // Another user: log-ins revoke the oldest sessions of their own user (`security.maxSessions`).
  const headers = await signIn(world, victims[1]);
  return [
    {
      route: 'POST /auth/login',
      perSecond: 5,
      bound: { times: MAX_LOG_IN_GROWTH },
      send: () => statusOf(url + path, fromNextAddress(logIn)),
    },
    {
      route: 'GET /auth/me',
      perSecond: 50,
      bound: { times: MAX_READ_GROWTH },
      send: () => statusOf(`${url}/api/v1/auth/me`, fromNextAddress({ headers })),
    },
    {
      route: 'GET /health/ready',
      perSecond: 1,
      bound: { ms: HEALTH_CHECK_MS },
      send: () => statusOverNewConnection(`${url}/health/ready`),
    },
  ];
}

let lastAddress = 0;

/** The users of a tenant have addresses of their own. */
function fromNextAddress(init: RequestInit): RequestInit {
  lastAddress = (lastAddress + 1) % 250;
  const headers = new Headers(init.headers);
  headers.set('x-forwarded-for', `198.51.100.${lastAddress}`);
  return { ...init, headers };
}

/** Sends requests at a fixed rate, whether or not earlier ones are answered. */
export async function measure(
  { perSecond, send }: Pick<Probe, 'perSecond' | 'send'>,
  seconds: number,
): Promise<Measurement> {
  const failed: Statuses = {};
  const start = performance.now();
  const results = Array.from({ length: seconds * perSecond }, async (_, index) => {
    await delay(start + (index * 1_000) / perSecond - performance.now());
    const sentAt = performance.now();
    const status = await send().catch(() => 'lost');
    if (status !== 200) failed[status] = (failed[status] ?? 0) + 1;
    return performance.now() - sentAt;
  });
  const sorted = (await Promise.all(results)).sort((a, b) => a - b);
  const percentile = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { p50: percentile(0.5), p99: percentile(0.99), failed };
}

async function statusOf(url: string, init: RequestInit): Promise<number> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(LOST_MS) });
  await response.arrayBuffer();
  return response.status;
}

function statusOverNewConnection(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false, signal: AbortSignal.timeout(LOST_MS) }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    }).once('error', reject);
  });
}
