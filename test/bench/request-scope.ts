import { cpus } from 'node:os';
import { join } from 'node:path';
import type { LoadOrder, LoadResult } from './load.js';
import { startServer } from '../service-process.js';
import { ask, onCore, pinning } from './pinned-process.js';
import { median, table } from './summary.js';

/*
 * Compares a light route whose tenant comes from AsyncLocalStorage with the same route on a request-scoped
 * provider, in requests/s. The rounds alternate, so that other load on the machine affects both alike.
 * Run it with `npm run bench:request-scope`. The results are in docs/decisions/0001.
 */
const VARIANTS = ['AsyncLocalStorage', 'Scope.REQUEST'] as const;
const ROUNDS = 7;
const SECONDS = 4;
const CONNECTIONS = 32;
const SERVER_CORE = 0;
const LOAD_CORE = 1;
const TENANT = 'a0000000-0000-7000-8000-000000000001';

const program = (name: string): string => join(import.meta.dirname, name);

async function measure(url: string, seconds: number): Promise<number> {
  const order: LoadOrder = {
    url,
    seconds,
    connections: CONNECTIONS,
    requests: [
      { method: 'GET', path: '/who', headers: { 'x-tenant-id': TENANT }, expects: TENANT },
    ],
  };
  const { requestsPerSecond, wrong } = await ask<LoadResult>(LOAD_CORE, program('load.ts'), order);
  if (wrong > 0) throw new Error(`${wrong} wrong answers from ${url}`);
  return requestsPerSecond;
}

const servers = await Promise.all(
  VARIANTS.map((variant) =>
    startServer(
      onCore(SERVER_CORE, ['--import', 'tsx', program('request-scope.server.ts'), variant]),
      {},
      '/who',
    ),
  ),
);
try {
  const candidates = servers.map(({ url }) => ({ url, rates: [] as number[] }));
  for (const { url } of candidates) await measure(url, 2);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { url, rates } of candidates) rates.push(await measure(url, SECONDS));
  }
  const medians = candidates.map(({ rates }) => median(rates));
  console.log(
    `${cpus()[0]?.model.trim()}, Node ${process.version}, ${CONNECTIONS} connections, median of ${ROUNDS} rounds ` +
      `of ${SECONDS} s, ${pinning ? 'server and load on a core each' : 'not pinned to cores'}.\n`,
  );
  console.log(
    table(
      ['tenant from', 'requests/s', 'ratio'],
      VARIANTS.map((variant, index) => [
        variant,
        (medians[index] ?? NaN).toFixed(0),
        ((medians[index] ?? NaN) / (medians[0] ?? NaN)).toFixed(2),
      ]),
    ),
  );
} finally {
  await Promise.all(servers.map((server) => server.stop()));
}
