import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const REQUEST = 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n';
const OK = /^HTTP\/1\.1 200 [^]*\{"status":"raw"\}$/;

interface Service {
  process: ChildProcess;
  url: URL;
  /** Resolves with the next line that the service prints. */
  nextLine: () => Promise<string>;
}

let services: Service[] = [];

afterEach(() => {
  for (const { process } of services) process.kill('SIGKILL');
  services = [];
});

/**
 * The edge of a service as its own process.
 * @param stall true: 50 ms after SIGTERM its event loop stalls until the test writes a line to it, and for 400 ms at least.
 */
async function startService(shutdownDelayMs: number, stall: boolean): Promise<Service> {
  const path = (file: string) => join(import.meta.dirname, file);
  const program = `
    import { readSync, writeSync } from 'node:fs';
    import { createEdge } from '${path('../edge.fixture.ts')}';
    import { listen } from '${path('./listen.ts')}';
    import { runProcess } from '${path('../server/run-process.ts')}';
    const stall = () => {
      const end = Date.now() + 400;
      writeSync(1, 'stalled\\n');
      readSync(0, Buffer.alloc(1));
      while (Date.now() < end);
    };
    if (${stall}) process.on('SIGTERM', () => setTimeout(stall, 50));
    runProcess({
      start: async (stopWith) => {
        const { app } = await createEdge({ shutdownDelayMs: ${shutdownDelayMs} });
        stopWith(() => app.close());
        await listen(app, { host: '127.0.0.1', port: 0 });
        writeSync(1, (await app.getUrl()) + '\\n');
      },
      translateError: () => undefined,
    });`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  child.stdout?.on('data', (data: Buffer) => {
    lines.push(
      ...data
        .toString()
        .split('\n')
        .filter((line) => line !== ''),
    );
    child.emit('lines');
  });
  const nextLine = async (): Promise<string> => {
    while (lines.length === 0) await once(child, 'lines');
    return lines.shift() ?? '';
  };
  const service = { process: child, url: new URL(await nextLine()), nextLine };
  services.push(service);
  return service;
}

/** A connection of a client and whatever it has received. */
async function open({ url }: Service): Promise<{ socket: Socket; received: () => string }> {
  const socket = connect(Number(url.port), url.hostname);
  let text = '';
  socket.on('data', (data: Buffer) => (text += data.toString()));
  socket.on('error', (error) => (text += error.message));
  await once(socket, 'connect');
  return { socket, received: () => text };
}

const send = (socket: Socket) => new Promise<void>((sent) => socket.write(REQUEST, () => sent()));

const range = (count: number) => Array.from({ length: count });

/** A load balancer that sends requests to all services in turn, as their probes allow, and never a second time. */
async function startBalancer(targets: Service[]): Promise<{ url: string; stop: () => void }> {
  const agent = new Agent({ keepAlive: true });
  const isReady = async ({ url }: Service): Promise<boolean> => {
    const response = await fetch(new URL('/health/ready', url)).catch(() => undefined);
    await response?.text().catch(() => undefined);
    return response?.ok ?? false;
  };
  let ready = targets;
  const probe = async (): Promise<void> => {
    const states = await Promise.all(targets.map(isReady));
    ready = targets.filter((_target, index) => states[index]);
  };
  const timer = setInterval(() => void probe(), 100);
  let turn = 0;
  const forward = (_request: IncomingMessage, response: ServerResponse): void => {
    const target = ready[(turn += 1) % ready.length];
    const upstream = get(new URL('/health', target?.url), { agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502);
      answer.pipe(response);
    });
    upstream.on('error', () => response.writeHead(502).end());
  };
  const server = createServer(forward).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = (): void => {
    clearInterval(timer);
    agent.destroy();
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
}

describe('A service that stops', () => {
  it('answers what it was sent while its event loop stalled, on open and on new connections', async () => {
    const service = await startService(200, true);
    const idle = await Promise.all(range(10).map(() => open(service)));
    for (const { socket, received } of idle) {
      await send(socket);
      await expect.poll(received).toMatch(OK);
    }
    const before = idle.map(({ received }) => received().length);
    service.process.kill('SIGTERM');
    while ((await service.nextLine()) !== 'stalled');
    const fresh = await Promise.all(range(10).map(() => open(service)));
    await Promise.all([...idle, ...fresh].map(({ socket }) => send(socket)));
    service.process.stdin?.write('\n');
    const answers = [
      ...idle.map(
        ({ received }, index) =>
          () =>
            received().slice(before[index]),
      ),
      ...fresh.map(({ received }) => received),
    ];
    for (const answer of answers) {
      await expect.poll(answer).toMatch(OK);
      expect(answer()).toMatch(/connection: close/i);
    }
    if (service.process.exitCode === null) await once(service.process, 'exit');
    expect(service.process.exitCode).toBe(0);
  });

  it('loses no request behind a load balancer that never retries', async () => {
    const targets = await Promise.all([startService(3_000, false), startService(3_000, false)]);
    const [leaving] = targets;
    const balancer = await startBalancer(targets);
    const statuses = new Map<number, number>();
    let running = true;
    const clients = range(8).map(async () => {
      while (running) {
        const response = await fetch(balancer.url);
        await response.text();
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      }
    });
    const exited = once(leaving.process, 'exit');
    const successes = (): number => statuses.get(200) ?? 0;
    await expect.poll(successes, { timeout: 10_000 }).toBeGreaterThan(50);
    leaving.process.kill('SIGTERM');
    await exited;
    await expect.poll(successes, { timeout: 10_000 }).toBeGreaterThan(successes() + 20);
    running = false;
    await Promise.all(clients);
    balancer.stop();
    expect([...statuses.keys()]).toEqual([200]);
  });
});
