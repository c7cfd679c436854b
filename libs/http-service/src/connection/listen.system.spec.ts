import { spawnSync } from 'node:child_process';
import { get } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEdge, gate } from '../edge.fixture.js';
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

afterEach(async () => {
  gate.open = Promise.resolve();
  gate.entered = () => undefined;
  await app.close();
});

/** Opens a burst of connections, of which this process accepts none meanwhile. @returns how many the kernel has completed */
function connectMany(): number {
  const { stdout } = spawnSync(process.execPath, ['-e', CONNECT, String(port), String(BURST)]);
  return Number(stdout);
}

/** The status of a request over a connection of its own, or the code of its error. */
function statusOf(url: string): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    get(url, { agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    }).once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
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

  it('finishes the requests of all its sockets before it has stopped, and accepts no further connections', async () => {
    let release = (): void => undefined;
    let entered = 0;
    gate.open = new Promise((resolve) => (release = resolve));
    gate.entered = () => (entered += 1);
    const users = `http://${HOST}:${port}/api/v1/users`;
    // Enough that several sockets have some, however the kernel distributes them.
    const answers = Array.from({ length: 64 }, () => statusOf(`${users}/slow`));
    while (entered < answers.length) await nextTurn();
    let hasStopped = false;
    const stopping = app.close().then(() => (hasStopped = true));
    const refusals = async () =>
      Promise.all(Array.from({ length: 64 }, () => statusOf(`${users}/address`)));
    await expect.poll(refusals, { timeout: 5_000 }).toEqual(Array(64).fill('ECONNREFUSED'));
    expect(hasStopped).toBe(false);
    release();
    expect(await Promise.all(answers)).toEqual(Array(64).fill(200));
    await stopping;
  });

  it('does not share its port with another process', async () => {
    const { app: other } = await createEdge();
    await expect(listen(other, { host: HOST, port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await other.close();
  });
});
