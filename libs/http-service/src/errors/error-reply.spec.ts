import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ErrorBody } from '@poc-tracker/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEdge, gate } from '../edge.fixture.js';

let app: NestFastifyApplication;
let logged: Record<string, unknown>[];

beforeAll(async () => {
  ({ app, logged } = await createEdge());
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});

/** How far the clock of the process is ahead. Each test begins in another minute. */
let aheadMs = 0;
const now = performance.now.bind(performance);

beforeEach(() => {
  logged.length = 0;
  aheadMs += 60_000;
  vi.spyOn(performance, 'now').mockImplementation(() => now() + aheadMs);
});

afterAll(async () => {
  vi.restoreAllMocks();
  await app.close();
});

async function failWith(
  kind: string,
): Promise<{ status: number; headers: Record<string, unknown>; body: ErrorBody; text: string }> {
  const answer = await app.inject({ method: 'GET', url: `/api/v1/users/failures/${kind}` });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: answer.json(),
    text: answer.body,
  };
}

describe('An error of a handler', () => {
  it.each(['raw', 'database', 'upstream', 'text'])(
    'is an INTERNAL_ERROR that exposes nothing when it is unexpected (%s)',
    async (kind) => {
      const { status, body, text, headers } = await failWith(kind);
      expect(status).toBe(500);
      expect(body).toEqual({
        error: 'Something went wrong on our side.',
        code: 'INTERNAL_ERROR',
        status: 500,
        requestId: headers['x-request-id'],
      });
      expect(text).not.toMatch(/secret|srv|SELECT|relation|users|upstream|thrown/);
    },
  );

  it('is logged with its stack and the request id, without the values of a statement', async () => {
    const { headers } = await failWith('database');
    const line = logged.find(({ level }) => level === 'error');
    expect(line).toMatchObject({
      requestId: headers['x-request-id'],
      err: { cause: { code: 'XX000' } },
    });
    expect(JSON.stringify(line)).toMatch(/edge\.fixture/);
    expect(JSON.stringify(line)).not.toMatch(/ana@acme|password_hash/);
  });

  it('is mapped by the translator of the application', async () => {
    const { status, body } = await failWith('unique');
    expect([status, body.code]).toEqual([409, 'USER_EXISTS']);
    expect(logged.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('has a Retry-After in whole seconds, rounded up, and only logs its reason', async () => {
    const { status, headers, body, text } = await failWith('busy');
    expect([status, headers['retry-after'], body.code]).toEqual([503, '2', 'SERVICE_BUSY']);
    expect(text).not.toContain('pool');
    const line = JSON.stringify(logged.find(({ level }) => level === 'warn'));
    expect(line).toContain('pool of 10 is empty');
    // Bursts of refusals would fill the log.
    expect(line).not.toContain('"stack"');
  });

  it('has one line a minute for a route that is busy, with the number of refused requests', async () => {
    const linesOf = async (requests: number) => {
      logged.length = 0;
      for (let request = 0; request < requests; request += 1) await failWith('busy');
      return logged.filter(({ level }) => level === 'warn');
    };
    const busy = { code: 'SERVICE_BUSY', route: '/api/v1/users/failures/:kind' };
    expect(await linesOf(20)).toEqual([expect.objectContaining({ ...busy, count: 1 })]);
    aheadMs += 60_000;
    expect(await linesOf(2)).toEqual([expect.objectContaining({ ...busy, count: 20 })]);
  });

  it('has the challenge of RFC 6750 on every 401, with an error only if a token was sent', async () => {
    const revoked = await failWith('token');
    expect([revoked.status, revoked.headers['www-authenticate']]).toEqual([
      401,
      'Bearer realm="poc-tracker", error="invalid_token", error_description="The token has been revoked."',
    ]);
    const missing = await failWith('anonymous');
    expect([missing.status, missing.headers['www-authenticate']]).toEqual([
      401,
      'Bearer realm="poc-tracker"',
    ]);
  });
});

describe('Routing', () => {
  it.each([
    '/',
    '/nothing',
    '/api/v1',
    '/api/v1/',
    '/api/v1/nothing',
    '/api/v2/users',
    '/users',
    '/api/v1//users',
    '/api/v1/users/',
    '/API/v1/users',
    '/api/v1/users;x',
  ])('responds NOT_FOUND to the unknown path %s', async (url) => {
    const answer = await app.inject({ method: 'GET', url });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toEqual({
      error: 'The requested resource does not exist.',
      code: 'NOT_FOUND',
      status: 404,
      requestId: answer.headers['x-request-id'],
    });
  });

  it.each([
    ['PUT', '/api/v1/users', 'GET, HEAD, POST'],
    ['OPTIONS', '/api/v1/users', 'GET, HEAD, POST'],
    ['PATCH', '/api/v1/users?limit=1', 'GET, HEAD, POST'],
    ['GET', '/api/v1/users/0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f', 'DELETE'],
    ['HEAD', '/api/v1/users/0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f', 'DELETE'],
    ['POST', '/api/v1/%75sers/failures/raw', 'GET, HEAD'],
    ['POST', '/health', 'GET, HEAD'],
  ] as const)('responds to %s %s with 405 and Allow', async (method, url, allow) => {
    const answer = await app.inject({ method, url });
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, allow]);
    if (method !== 'HEAD')
      expect(answer.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED', status: 405 });
  });

  it('treats an encoded path like the plain one', async () => {
    const answer = await app.inject({ method: 'GET', url: '/api/v1/%75sers?limit=3' });
    expect(answer.json()).toEqual({
      success: true,
      message: 'Here they are.',
      data: { limit: 3 },
    });
  });

  it('responds to HEAD as to GET, without a body', async () => {
    const answer = await app.inject({ method: 'HEAD', url: '/api/v1/users' });
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
  });

  it('serves health without the prefix and the envelope', async () => {
    const answer = await app.inject({ method: 'GET', url: '/health' });
    expect(answer.json()).toEqual({ status: 'raw' });
  });

  it('responds with null data if a handler returns nothing', async () => {
    const answer = await app.inject({ method: 'GET', url: '/api/v1/users/slow' });
    expect(answer.json()).toEqual({ success: true, data: null });
  });
});

describe('The headers of a response', () => {
  it.each([
    '/api/v1/users',
    '/nothing',
    '/health',
    '/api/v1/users/failures/raw',
    '/api/v1/users?limit=x',
  ])(
    'forbid storing, framing, sniffing and scripts, and do not identify the server, for %s',
    async (url) => {
      const { headers } = await app.inject({ method: 'GET', url });
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy':
          "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'content-type': 'application/json; charset=utf-8',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': expect.stringContaining('max-age='),
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      expect(headers).not.toHaveProperty('server');
      expect(headers).not.toHaveProperty('x-powered-by');
    },
  );

  it('do not repeat the x-request-id of the client', async () => {
    const { headers } = await app.inject({
      method: 'GET',
      url: '/health',
      headers: { 'x-request-id': 'forged' },
    });
    expect(headers['x-request-id']).not.toBe('forged');
  });
});

describe('The request log', () => {
  it('has one line per request, with the pattern of its route and no part of its URL', async () => {
    await app.inject({
      method: 'GET',
      url: '/api/v1/users/failures/unknown-kind?token=hunter2',
      headers: { authorization: 'Bearer hunter2', cookie: 'a=hunter2' },
    });
    await app.inject({ method: 'GET', url: '/hunter2' });
    expect(logged).toEqual([
      expect.objectContaining({
        level: 'info',
        requestId: expect.any(String),
        method: 'GET',
        route: '/api/v1/users/failures/:kind',
        status: 404,
        ms: expect.any(Number),
      }),
      expect.objectContaining({ route: null, status: 404 }),
    ]);
    expect(JSON.stringify(logged)).not.toMatch(/hunter2|unknown-kind/);
  });

  it('has a line for a request whose client closed the connection, and no error that followed', async () => {
    await app.listen(0, '127.0.0.1');
    let fail = (_error: Error): void => {};
    gate.open = new Promise((_resolve, reject) => (fail = reject));
    const entered = new Promise<void>((resolve) => (gate.entered = resolve));
    const socket = connect(Number(new URL(await app.getUrl()).port), '127.0.0.1');
    socket.write('GET /api/v1/users/slow HTTP/1.1\r\nHost: x\r\n\r\n');
    await entered;
    socket.destroy();
    const line = { method: 'GET', route: '/api/v1/users/slow', status: null };
    await expect.poll(() => logged).toContainEqual(expect.objectContaining(line));
    fail(new Error('the connection is closed'));
    await nextTurn();
    expect(logged.filter(({ level }) => level !== 'info')).toEqual([]);
  });
});
