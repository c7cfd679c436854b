import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEdge, gate } from '../edge.fixture.js';
import { CAN_SHARE_PORT, listen } from './listen.js';

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

/** Opens a connection that the service accepts on another socket than its first one, which counts its own. */
async function connectBesideFirst(): Promise<Socket> {
  const server: Server = app.getHttpServer();
  const count = promisify(server.getConnections.bind(server));
  for (;;) {
    const before = await count();
    const accepted = once(server, 'connection');
    const socket = connect(port, HOST);
    await accepted;
    if ((await count()) === before) return socket;
  }
}

/** The code of the error of a connection; undefined for one that is accepted. */
function refusalOfConnection(): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
  });
}

describe('A listening service', () => {
  it('lets the connections of a burst wait while the process is busy', () => {
    expect(connectMany()).toBe(BURST);
  });

  // Where a port cannot be shared, there is one socket.
  it.skipIf(!CAN_SHARE_PORT)(
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

  it.skipIf(!CAN_SHARE_PORT)(
    'finishes the requests of its further sockets before it has stopped, and accepts no connections meanwhile',
    async () => {
      let release = (): void => undefined;
      gate.open = new Promise((resolve) => (release = resolve));
      const entered = new Promise<void>((resolve) => (gate.entered = resolve));
      const socket = await connectBesideFirst();
      socket.write('GET /api/v1/users/slow HTTP/1.1\r\nHost: x\r\n\r\n');
      const answer = once(socket, 'data');
      await entered;
      let hasStopped = false;
      const stopping = app.close().then(() => (hasStopped = true));
      const refusals = () => Promise.all(Array.from({ length: 64 }, refusalOfConnection));
      await expect.poll(refusals, { timeout: 5_000 }).toEqual(Array(64).fill('ECONNREFUSED'));
      for (let turn = 0; turn < 1_000; turn += 1) await nextTurn();
      expect(hasStopped).toBe(false);
      release();
      expect(String(await answer)).toMatch(/^HTTP\/1\.1 200 /);
      await stopping;
    },
  );

  it('does not share its port with another process', async () => {
    const { app: other } = await createEdge();
    await expect(listen(other, { host: HOST, port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await other.close();
  });
});
