import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ErrorBody, FieldError } from '@poc-tracker/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEdge } from './edge.fixture.js';
import { checkInput } from './server/request-guard.js';

let app: NestFastifyApplication;
let logged: Record<string, unknown>[];

beforeAll(async () => {
  ({ app, logged } = await createEdge());
  await app.listen(0, '127.0.0.1');
});

afterAll(async () => {
  await app.close();
});

async function post(
  payload: string | Buffer,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<{ status: number; body: ErrorBody; text: string }> {
  const answer = await app.inject({ method: 'POST', url: '/api/v1/people', payload, headers });
  return { status: answer.statusCode, body: answer.json(), text: answer.body };
}

function fieldsOf(body: ErrorBody): string[] {
  return (body.details as FieldError[]).map(({ field }) => field);
}

describe('hostile bodies', () => {
  it('takes a right body, extended types of JSON and a charset included', async () => {
    const { status, text } = await post('{"name":"Ana"}', {
      'content-type': 'application/json; charset=utf-8',
    });
    expect([status, text]).toEqual([201, '{"success":true,"data":{"name":"Ana"}}']);
  });

  it.each([
    ['malformed JSON', '{"name":', ['body']],
    ['JSON that is followed by more', '{} {}', ['body']],
    [
      'text that is not UTF-8',
      Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
      ['body'],
    ],
    [
      'a body 10,000 levels deep',
      `${'{"a":'.repeat(5_000)}${'['.repeat(5_000)}${']'.repeat(5_000)}${'}'.repeat(5_000)}`,
      undefined,
    ],
    ['__proto__', '{"name":"Ana","__proto__":{"role":"admin"}}', ['__proto__']],
    [
      'a nested constructor.prototype',
      '{"name":"Ana","address":{"constructor":{"prototype":{"x":1}}}}',
      ['address.constructor'],
    ],
    ['NUL in a value', '{"name":"A\\u0000na"}', ['name']],
    ['NUL in a nested value', '{"name":"Ana","address":{"city":"\\u0000"}}', ['address.city']],
    ['NUL in a name', '{"na\\u0000me":"Ana"}', ['na\u{FFFD}me']],
    ['an unpaired surrogate', '{"name":"\\ud800"}', ['name']],
    ['an empty body where one is needed', '', ['name']],
    ['null', 'null', ['name']],
    ['a string for an object', '"text"', ['name']],
    ['a number for an object', '7', ['name']],
    ['a list for an object', '[]', undefined],
    ['a list of objects for an object', '[{"name":"Ana"}]', undefined],
    ['a wrong type', '{"name":{"$ne":null}}', ['name']],
    ['an unknown field', '{"name":"Ana","role":"admin"}', ['role']],
    [
      'an unknown nested field',
      '{"name":"Ana","address":{"city":"Olinda","id":1}}',
      ['address.id'],
    ],
    ['a wrong nested type', '{"name":"Ana","address":{"city":5}}', ['address.city']],
  ])(
    'answers %s with 400 VALIDATION_ERROR that names the field',
    async (_what, payload, fields) => {
      const { status, body, text } = await post(payload);
      expect(status).toBe(400);
      expect(body).toMatchObject({
        code: 'VALIDATION_ERROR',
        status: 400,
        requestId: expect.any(String),
      });
      if (fields !== undefined) expect(fieldsOf(body)).toEqual(fields);
      expect(fieldsOf(body).length).toBeGreaterThan(0);
      expect(text).not.toMatch(/stack|node_modules|SyntaxError|Unexpected|position/);
    },
  );

  it('repeats no value of a refused field', async () => {
    const { text } = await post(
      '{"name":12345678,"address":{"city":["hunter2-secret"]},"password":"hunter2-secret"}',
    );
    expect(text).not.toMatch(/hunter2|12345678/);
  });

  it('bounds the answer to a body of ten thousand unknown fields and to one with an endless name', async () => {
    const many = Object.fromEntries(Array.from({ length: 6_000 }, (_, index) => [`f${index}`, 1]));
    const answers = [
      await post(JSON.stringify(many)),
      await post(JSON.stringify({ ['n'.repeat(60_000)]: 1 })),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400]);
    for (const { text } of answers) expect(text.length).toBeLessThan(8_000);
  });

  it('answers a body of 1 MiB with 413, whether or not its length was announced', async () => {
    const payload = `{"name":"${'a'.repeat(1024 * 1024)}"}`;
    const { status, body } = await post(payload);
    expect([status, body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    const chunked = await fetch(`${await app.getUrl()}/api/v1/people`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([payload]).stream(),
      duplex: 'half',
    });
    expect([chunked.status, ((await chunked.json()) as ErrorBody).code]).toEqual([
      413,
      'PAYLOAD_TOO_LARGE',
    ]);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'text/json',
    'multipart/form-data; boundary=x',
    'nonsense',
    '__proto__',
  ])('answers the content type %s with 415', async (type) => {
    const { status, body } = await post('name=Ana', { 'content-type': type });
    expect([status, body.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  it('answers a body without a content type with 415', async () => {
    const answer = await rawExchange(
      'POST /api/v1/people HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 415 [\s\S]*"code":"UNSUPPORTED_MEDIA_TYPE"/);
  });

  it('takes an empty body with a JSON content type where no body is needed', async () => {
    const answer = await app.inject({
      method: 'DELETE',
      url: '/api/v1/people/0192F0C1-7d3a-7c51-9f0e-3a2b1c4d5e6f',
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.json()).toEqual({ success: true, data: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' });
  });
});

describe('hostile addresses and headers', () => {
  it.each([
    ['a NUL in the query', '/api/v1/people?limit=%00', 'limit'],
    ['a NUL in a parameter', '/api/v1/people/failures/%00', 'kind'],
    ['a query of the wrong type', '/api/v1/people?limit=many', 'limit'],
    ['a repeated query parameter', '/api/v1/people?limit=1&limit=2', 'limit'],
    ['an unknown query parameter', '/api/v1/people?order=name', 'order'],
    ['__proto__ in the query', '/api/v1/people?__proto__=1', '__proto__'],
    ['constructor in the query', '/api/v1/people?constructor=1', 'constructor'],
  ])('answers %s with 400 that names it', async (_what, url, field) => {
    const answer = await app.inject({ method: 'GET', url });
    expect(answer.statusCode).toBe(400);
    expect(fieldsOf(answer.json<ErrorBody>())).toEqual([field]);
  });

  it('answers a malformed id with 400 that names it', async () => {
    for (const id of ['1', 'undefined', "1'%20OR%201=1", '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f0']) {
      const answer = await app.inject({ method: 'DELETE', url: `/api/v1/people/${id}` });
      expect([answer.statusCode, fieldsOf(answer.json<ErrorBody>())]).toEqual([400, ['personId']]);
    }
  });

  it.each(['/api/v1/people/failures/%zz', '/%', `/api/v1/people/failures/${'a'.repeat(300)}`])(
    'answers the address %s, that no route can be found for, in the one form',
    async (url) => {
      const answer = await app.inject({ method: 'GET', url });
      expect(answer.statusCode).toBe(400);
      expect(answer.json()).toMatchObject({
        code: 'VALIDATION_ERROR',
        requestId: answer.headers['x-request-id'],
      });
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
    },
  );

  it.each([
    ['bytes that are no HTTP', 'GARBAGE\r\n\r\n'],
    [
      'headers past every limit',
      `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(40_000)}\r\n\r\n`,
    ],
    [
      'two lengths of one body',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
    ],
    [
      'a length beside chunks (request smuggling)',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('answers %s with 400 in the one form and hangs up', async (_what, bytes) => {
    const answer = await rawExchange(bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      code: 'VALIDATION_ERROR',
      status: 400,
    });
  });

  it('logs no fault when a client hangs up in the middle of its body', async () => {
    const seen = once(app.getHttpServer(), 'request');
    const socket = connect(Number(new URL(await app.getUrl()).port), '127.0.0.1');
    socket.write(
      'POST /api/v1/people HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"na',
    );
    const [request] = (await seen) as [IncomingMessage];
    const closed = once(request, 'close').catch(() => undefined);
    socket.destroy();
    await closed;
    const { status } = await post('{"name":"Ana"}');
    expect(status).toBe(201);
    expect(logged.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  });
});

describe('the walk over an input', () => {
  it('goes a million levels down without touching the call stack', () => {
    let deep: unknown = 'end';
    for (let level = 0; level < 1_000_000; level += 1) deep = [deep];
    expect(() => {
      checkInput(deep, 'body');
    }).toThrowError(expect.objectContaining({ code: 'VALIDATION_ERROR' }));
  });

  it('takes 32 levels and refuses 33', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 'end' : { a: nested(levels - 1) });
    expect(() => {
      checkInput(nested(32), 'body');
    }).not.toThrow();
    expect(() => {
      checkInput({ a: nested(32) }, 'body');
    }).toThrow();
  });
});

/** Sends bytes and gives everything that comes back until the server hangs up. */
async function rawExchange(bytes: string): Promise<string> {
  const { port } = new URL(await app.getUrl());
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('close', () => {
      resolve(received);
    });
    socket.on('error', reject);
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no answer; received: ${received}`)));
  });
}
