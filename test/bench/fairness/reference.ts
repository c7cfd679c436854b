import { join } from 'node:path';
import { startServer } from '../../service-process.js';
import { ask } from '../pinned-process.js';
import type { Flood, FloodOrder, Statuses } from './flooder.js';
import { measure } from './probe.js';

const SECONDS = 10;
const WARM_UP_SECONDS = 2;
const PROGRAM = join(import.meta.dirname, 'refusing.server.ts');

/**
 * What reading so many requests at once costs any process of Node: the 99th percentile, in milliseconds, of a `GET` that a bare
 * Fastify server answers while the same flood reaches it and it refuses every request.
 */
export async function measureReference(flood: Flood, attackCore: number): Promise<number> {
  const server = await startServer(
    [process.execPath, '--import', 'tsx', PROGRAM],
    {},
    '/reference',
  );
  try {
    const probe = { perSecond: 50, send: () => statusOf(`${server.url}/reference`) };
    await measure(probe, WARM_UP_SECONDS);
    const order: FloodOrder = { ...flood, url: server.url, seconds: SECONDS };
    const answers = ask<Statuses>(attackCore, join(import.meta.dirname, 'flooder.ts'), order);
    const { p99 } = await measure(probe, SECONDS);
    await answers;
    return p99;
  } finally {
    await server.stop();
  }
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}
