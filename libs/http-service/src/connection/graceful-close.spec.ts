import { EventEmitter, once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEdge, type Edge, gate } from '../edge.fixture.js';

let edge: Edge | undefined;

/** Starts a request that stays in flight until `release`. */
async function withRequestInFlight(requestTimeoutMs: number): Promise<{
  edge: Edge;
  agent: Agent;
  response: Promise<{ status: number; connection: string | undefined; body: string }>;
  release: () => void;
}> {
  edge = await createEdge({ requestTimeoutMs });
  await edge.app.listen(0, '127.0.0.1');
  let release = (): void => {};
  gate.open = new Promise((resolve) => (release = resolve));
  const entered = new Promise<void>((resolve) => (gate.entered = resolve));
  const agent = new Agent({ keepAlive: true });
  const response = new Promise<{ status: number; connection: string | undefined; body: string }>(
    (resolve, reject) => {
      void edge?.app.getUrl().then((url) => {
        const request = get(`${url}/api/v1/users/slow`, { agent }, (message: IncomingMessage) => {
          let body = '';
          message.on('data', (chunk: Buffer) => (body += chunk.toString()));
          message.on('end', () => {
            resolve({
              status: message.statusCode ?? 0,
              connection: message.headers.connection,
              body,
            });
          });
        });
        request.on('error', reject);
      });
    },
  );
  response.catch(() => undefined);
  await entered;
  return { edge, agent, response, release };
}

beforeEach(() => {
  gate.open = Promise.resolve();
});

afterEach(async () => {
  await edge?.app.close();
  edge = undefined;
});

describe('Closing the server', () => {
  it('finishes a request in flight and then closes its connection', async () => {
    const { edge, agent, response, release } = await withRequestInFlight(10_000);
    const closed = edge.app.close();
    await expect.poll(() => edge.app.getHttpServer().listening).toBe(false);
    release();
    expect(await response).toEqual({
      status: 200,
      connection: 'close',
      body: '{"success":true,"data":null}',
    });
    const started = Date.now();
    await closed;
    // Far below the keep-alive timeout of 72 s, for which an open connection would keep the process alive.
    expect(Date.now() - started).toBeLessThan(2_000);
    agent.destroy();
  });

  it('refuses a request on an open connection with 503 in the error format', async () => {
    const { edge, response, release, agent } = await withRequestInFlight(10_000);
    const socket = connect(Number(new URL(await edge.app.getUrl()).port), '127.0.0.1');
    await once(socket, 'connect');
    // An incomplete request keeps the connection busy, so that closing the server leaves it open.
    socket.write('GET /health HTTP/1.1\r\n');
    const closing = new Promise<void>((resolve) => {
      edge.app.getHttpAdapter().getInstance().server.once('close', resolve);
    });
    const closed = edge.app.close();
    const refused = once(socket, 'data') as Promise<[Buffer]>;
    await expect.poll(() => edge.app.getHttpServer().listening).toBe(false);
    socket.write('Host: x\r\n\r\n');
    const text = (await refused)[0].toString();
    expect(text).toMatch(/^HTTP\/1\.1 503 /);
    expect(text).toMatch(/connection: close/i);
    expect(text).toMatch(/"code":"SERVICE_UNAVAILABLE"/);
    release();
    await Promise.all([response, closed, closing]);
    agent.destroy();
  });

  it('answers a request that waited for its turn when the server began to close', async () => {
    const started = new EventEmitter();
    const turns = { enter: (_request: unknown, start: () => void) => started.emit('enter', start) };
    edge = await createEdge({ turns });
    await edge.app.listen(0, '127.0.0.1');
    const entered = once(started, 'enter') as Promise<[() => void]>;
    const socket = connect(Number(new URL(await edge.app.getUrl()).port), '127.0.0.1');
    socket.write('GET /api/v1/users/address HTTP/1.1\r\nHost: x\r\n\r\n');
    const [start] = await entered;
    const answer = once(socket, 'data') as Promise<[Buffer]>;
    const closed = edge.app.close();
    await expect.poll(() => edge?.app.getHttpServer().listening).toBe(false);
    start();
    expect(String((await answer)[0])).toMatch(/^HTTP\/1\.1 200 /);
    await closed;
  });

  it('aborts a request that is still in flight after the request timeout', async () => {
    const { edge, response, release, agent } = await withRequestInFlight(100);
    const started = Date.now();
    await edge.app.close();
    const took = Date.now() - started;
    await expect(response).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(took).toBeGreaterThanOrEqual(1_000);
    expect(took).toBeLessThan(5_000);
    release();
    agent.destroy();
  });
});
