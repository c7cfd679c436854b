import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEdge, gate } from '../edge.fixture.js';
import { createHttpServer, endBrokenConnection } from './http-server.js';

const SLOW = 'GET /api/v1/users/slow HTTP/1.1\r\nHost: x\r\n\r\n';
const STREAM = 'GET /api/v1/streams HTTP/1.1\r\nHost: x\r\n\r\n';
const HEALTH = 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n';
const GARBAGE = 'GARBAGE\r\n\r\n';
const CHUNKED_USER =
  'POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
const CHUNKED_TEXT = CHUNKED_USER.replace('application/json', 'text/plain');

let app: NestFastifyApplication;
let logged: Record<string, unknown>[];
let sockets: Socket[];
let servers: Server[];

beforeAll(async () => {
  ({ app, logged } = await createEdge({ uploadTimeoutMs: 300 }));
  await app.listen(0, '127.0.0.1');
});

beforeEach(() => {
  sockets = [];
  servers = [];
  logged.length = 0;
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

afterAll(async () => {
  await app.close();
});

/** A client that never closes its side, and whatever it has received. */
async function open(): Promise<{ socket: Socket; received: () => string }> {
  const port = Number(new URL(await app.getUrl()).port);
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return { socket, received: () => text };
}

function connections(): Promise<number> {
  return new Promise((resolve, reject) => {
    app.getHttpServer().getConnections((error: Error | null, count: number) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}

const countResponses = (text: string) => text.split('HTTP/1.1 ').length - 1;

describe('A connection with broken HTTP', () => {
  it.each([
    ['garbage', GARBAGE],
    ['half of a header', 'GET /health HTTP/1.1\r\nHo'],
    ['half of a body', 'POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{'],
    ['garbage after a request', HEALTH + GARBAGE],
    ['half of a second header', `${HEALTH}GET /health HTTP/1.1\r\nHo`],
    ['garbage within a stream', STREAM + GARBAGE],
    ['a request of another protocol', 'ANNOUNCE /x RTSP/1.0\r\n\r\n'],
  ])('ends although the client does not close its side: %s', async (_what, bytes) => {
    await expect.poll(connections, { timeout: 5_000 }).toBe(0);
    const { socket } = await open();
    await expect.poll(connections).toBe(1);
    socket.write(bytes);
    await expect.poll(connections, { timeout: 5_000 }).toBe(0);
  });

  it('gets no response into the middle of a stream', async () => {
    const { socket, received } = await open();
    socket.write(STREAM);
    await expect.poll(received).toContain('first line');
    socket.write(GARBAGE);
    await once(socket, 'end');
    expect(countResponses(received())).toBe(1);
    expect(received()).not.toContain('VALIDATION_ERROR');
  });

  it('gets no response in the place of one that a handler has not sent yet', async () => {
    let release = (): void => {};
    gate.open = new Promise((resolve) => (release = resolve));
    const entered = new Promise<void>((resolve) => (gate.entered = resolve));
    const { socket, received } = await open();
    socket.write(SLOW);
    await entered;
    socket.write(GARBAGE);
    await once(socket, 'end');
    release();
    expect(received()).toBe('');
  });

  it('gets no second response after one on the same connection', async () => {
    const { socket, received } = await open();
    socket.write(HEALTH);
    await expect.poll(received).toContain('raw');
    socket.write(GARBAGE);
    await once(socket, 'end');
    expect(countResponses(received())).toBe(1);
  });

  it('gets one response to a malformed chunk of its first request', async () => {
    const { socket, received } = await open();
    socket.write(`${CHUNKED_USER}ZZ\r\n`);
    await once(socket, 'end');
    expect(received()).toMatch(/^HTTP\/1\.1 400 [^]*"code":"VALIDATION_ERROR"/);
    expect(countResponses(received())).toBe(1);
  });

  it('gets no second response to a malformed chunk after the request was refused', async () => {
    const { socket, received } = await open();
    socket.write(CHUNKED_TEXT);
    await expect.poll(received).toContain('UNSUPPORTED_MEDIA_TYPE');
    socket.write('ZZ\r\n');
    await once(socket, 'end');
    expect(countResponses(received())).toBe(1);
  });

  it('gets 431 for headers above the limit', async () => {
    const { socket, received } = await open();
    socket.write(`GET /health HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);
    await once(socket, 'end');
    expect(received()).toMatch(
      /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n[^]*"code":"HEADERS_TOO_LARGE"/,
    );
  });

  it('gets 400 and leaves no line in the log for a method of another protocol', async () => {
    const { socket, received } = await open();
    socket.write('ANNOUNCE /x RTSP/1.0\r\n\r\n');
    await once(socket, 'end');
    expect(received()).toMatch(/^HTTP\/1\.1 400 /);
    expect(logged).toEqual([]);
  });
});

describe('Half of a header', () => {
  it('ends its connection long before the time for an upload is over', async () => {
    const server = createHttpServer(() => undefined, 3_600_000, { headersTimeoutMs: 300 });
    server.on('clientError', endBrokenConnection).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    socket.resume().write('GET /health HTTP/1.1\r\nHo');
    await once(socket, 'end', { signal: AbortSignal.timeout(5_000) });
    server.close();
  });

  it('may take 30 seconds, whether the service accepts uploads or not', () => {
    const limits = [30_000, 3_600_000].map((uploads) => createHttpServer(() => undefined, uploads));
    expect(limits.map(({ headersTimeout }) => headersTimeout)).toEqual([30_000, 30_000]);
  });
});

describe('A response', () => {
  /** A port whose responses may stay unread for 200 ms. */
  async function serve(respond: RequestListener): Promise<number> {
    const limits = { unreadTimeoutMs: 200 };
    const server = createHttpServer(respond, 30_000, limits).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  it.each([
    ['sends nothing', ''],
    ['sends line breaks', '\r\n'],
  ])('that the client does not read ends its connection if the client %s', async (_, sends) => {
    let ended = false;
    const port = await serve((_request, response) => {
      response.once('close', () => (ended = true));
      // More than the buffers of both ends.
      response.end(Buffer.alloc(64 * 1024 * 1024));
    });
    const socket = connect(port, '127.0.0.1').pause();
    sockets.push(socket);
    socket.on('error', () => undefined).write(HEALTH);
    const sent = (): boolean => {
      if (sends !== '') socket.write(sends);
      return ended;
    };
    await expect.poll(sent, { timeout: 5_000, interval: 20 }).toBe(true);
  });

  it('that is not ready yet does not end it', async () => {
    const port = await serve((_request, response) => {
      setTimeout(() => response.end('late'), 600);
    });
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('late');
  });
});

describe('HEAD on a route with an endless response', () => {
  it('gets 405 at once, and the path supports GET only', async () => {
    for (const method of ['HEAD', 'POST'] as const) {
      const answer = await app.inject({ method, url: '/api/v1/streams' });
      expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'GET']);
    }
  });
});
