import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEdge, type Edge, gate } from '../edge.fixture.js';

let edge: Edge | undefined;

/** Starts an edge and a request in it that stays in flight until `release`. */
async function withRequestInFlight(requestTimeoutMs: number): Promise<{
  edge: Edge;
  agent: Agent;
  answer: Promise<{ status: number; connection: string | undefined; body: string }>;
  release: () => void;
}> {
  edge = await createEdge({ requestTimeoutMs });
  await edge.app.listen(0, '127.0.0.1');
  let release = (): void => {};
  gate.open = new Promise((resolve) => (release = resolve));
  const entered = new Promise<void>((resolve) => (gate.entered = resolve));
  const agent = new Agent({ keepAlive: true });
  const answer = new Promise<{ status: number; connection: string | undefined; body: string }>(
    (resolve, reject) => {
      void edge?.app.getUrl().then((url) => {
        const request = get(`${url}/api/v1/people/slow`, { agent }, (response: IncomingMessage) => {
          let body = '';
          response.on('data', (chunk: Buffer) => (body += chunk.toString()));
          response.on('end', () => {
            resolve({
              status: response.statusCode ?? 0,
              connection: response.headers.connection,
              body,
            });
          });
        });
        request.on('error', reject);
      });
    },
  );
  answer.catch(() => undefined);
  await entered;
  return { edge, agent, answer, release };
}

beforeEach(() => {
  gate.open = Promise.resolve();
});

afterEach(async () => {
  await edge?.app.close();
  edge = undefined;
});

describe('closing', () => {
  it('finishes what is in flight, then closes its connection at once', async () => {
    const { edge, agent, answer, release } = await withRequestInFlight(10_000);
    const closed = edge.app.close();
    await expect.poll(() => edge.app.getHttpServer().listening).toBe(false);
    release();
    expect(await answer).toEqual({
      status: 200,
      connection: 'close',
      body: '{"success":true,"data":null}',
    });
    const started = Date.now();
    await closed;
    // Far below the keep-alive time of 72 s, which an open connection would have held the process for.
    expect(Date.now() - started).toBeLessThan(2_000);
    agent.destroy();
  });

  it('sends a request on an open connection away with 503 in the one form', async () => {
    const { edge, answer, release, agent } = await withRequestInFlight(10_000);
    const socket = connect(Number(new URL(await edge.app.getUrl()).port), '127.0.0.1');
    await once(socket, 'connect');
    // A request whose head is not complete keeps the connection busy, so that closing leaves it open.
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
    await Promise.all([answer, closed, closing]);
    agent.destroy();
  });

  it('cuts what is still in flight after the longest time that a request may take', async () => {
    const { edge, answer, release, agent } = await withRequestInFlight(100);
    const started = Date.now();
    await edge.app.close();
    const took = Date.now() - started;
    await expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(took).toBeGreaterThanOrEqual(1_000);
    expect(took).toBeLessThan(5_000);
    release();
    agent.destroy();
  });
});
