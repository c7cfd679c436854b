import { spawnSync } from 'node:child_process';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEdge } from '../edge.fixture.js';
import { listen } from './listen.js';

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

beforeAll(async () => {
  ({ app } = await createEdge());
});

afterAll(async () => {
  await app?.close();
});

it('lets the connections of a burst wait while the process is busy', async () => {
  await listen(app, { host: '127.0.0.1', port: 0 });
  const { port } = new URL(await app.getUrl());
  // This process accepts none while it waits for the other one.
  const { stdout } = spawnSync(process.execPath, ['-e', CONNECT, port, String(BURST)]);
  expect(String(stdout)).toBe(String(BURST));
});
