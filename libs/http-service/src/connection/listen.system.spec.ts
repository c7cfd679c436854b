import { spawnSync } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEdge } from '../edge.fixture.js';
import { listen } from './listen.js';

const HOST = '127.0.0.1';

/** More than Node lets wait by default. */
const BURST = 700;

/** Opens connections, and prints how many the kernel has completed after at most 10 seconds. */
const CONNECT = `
  const [port, count] = process.argv.slice(1).map(Number);
  const report = () => process.stdout.write(String(open), () => process.exit());
  let open = 0;
  for (let index = 0; index < count; index += 1)
    require('node:net').connect(port, '127.0.0.1', () => ++open === count && report()).on('error', report);
  setTimeout(report, 10_000);`;

let app: NestFastifyApplication;
let port: number;

beforeEach(async () => {
  ({ app } = await createEdge());
  await listen(app, { host: HOST, port: 0 });
  port = Number(new URL(await app.getUrl()).port);
});

afterEach(() => app.close());

/** Opens a burst of connections, of which this process accepts none meanwhile. @returns how many the kernel has completed */
function connectMany(): number {
  const { stdout } = spawnSync(process.execPath, ['-e', CONNECT, String(port), String(BURST)]);
  return Number(stdout);
}

describe('A listening service', () => {
  it('lets the connections of a burst wait while the process is busy', () => {
    expect(connectMany()).toBe(BURST);
  });

  it.skipIf(process.platform !== 'linux' || Number.parseInt(process.versions.node) < 22)(
    'accepts several connections in a turn of the event loop',
    async () => {
      let accepted = 0;
      app.getHttpServer().on('connection', () => (accepted += 1));
      connectMany();
      let turns = 0;
      for (; accepted < BURST; turns += 1) await nextTurn();
      expect(turns).toBeLessThan(BURST / 4);
    },
  );

  it('does not share its port with another process', async () => {
    const { app: other } = await createEdge();
    await expect(listen(other, { host: HOST, port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await other.close();
  });
});
