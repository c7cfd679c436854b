import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ErrorBody, FieldError } from '@poc-tracker/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchangeRaw } from './connection/raw-exchange.fixture.js';
import { createEdge } from './edge.fixture.js';

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
  const answer = await app.inject({ method: 'POST', url: '/api/v1/users', payload, headers });
  return { status: answer.statusCode, body: answer.json(), text: answer.body };
}

function fieldsOf(body: ErrorBody): string[] {
  return (body.details as FieldError[]).map(({ field }) => field);
}

describe('A hostile body', () => {
  it('differs from a valid body with a charset in its content type, which is accepted', async () => {
    const { status, text } = await post('{"name":"Ana"}', {
      'content-type': 'application/json; charset=utf-8',
    });
    expect([status, text]).toEqual([201, '{"success":true,"data":{"name":"Ana"}}']);
  });

  it.each([
    ['malformed JSON', '{"name":', ['body']],
    ['a repeated field', '{"name":"Ana","name":"Eva"}', ['name']],
    ['a repeated nested field', '{"address":{"city":"a","c\\u0069ty":"b"}}', ['address.city']],
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
    ['an empty body where one is needed', '', ['body']],
    ['null', 'null', ['body']],
    ['a string for an object', '"text"', ['body']],
    ['a number for an object', '7', ['body']],
    ['a list for an object', '[]', ['body']],
    ['a list of objects for an object', '[{"name":"Ana"}]', ['body']],
    ['a wrong type', '{"name":{"$ne":null}}', ['name']],
    ['an unknown field', '{"name":"Ana","role":"admin"}', ['role']],
    [
      'an unknown nested field',
      '{"name":"Ana","address":{"city":"Olinda","id":1}}',
      ['address.id'],
    ],
    ['a wrong nested type', '{"name":"Ana","address":{"city":5}}', ['address.city']],
  ])(
    'is refused with VALIDATION_ERROR that names the field: %s',
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

  it('is refused without repeating the values of its fields', async () => {
    const { text } = await post(
      '{"name":12345678,"address":{"city":["hunter2-secret"]},"password":"hunter2-secret"}',
    );
    expect(text).not.toMatch(/hunter2|12345678/);
  });

  it('gets a short response to thousands of unknown fields or to a very long name', async () => {
    const many = Object.fromEntries(Array.from({ length: 6_000 }, (_, index) => [`f${index}`, 1]));
    const answers = [
      await post(JSON.stringify(many)),
      await post(JSON.stringify({ ['n'.repeat(60_000)]: 1 })),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400]);
    for (const { text } of answers) expect(text.length).toBeLessThan(8_000);
  });

  it('is refused with 413 at 1 MiB, with and without a Content-Length', async () => {
    const payload = `{"name":"${'a'.repeat(1024 * 1024)}"}`;
    const { status, body } = await post(payload);
    expect([status, body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    const chunked = await fetch(`${await app.getUrl()}/api/v1/users`, {
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
  ])('is refused with 415 for the content type %s', async (type) => {
    const { status, body } = await post('name=Ana', { 'content-type': type });
    expect([status, body.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  it.each([
    'utf-16',
    'UTF-16LE',
    '"utf-16"',
    'iso-8859-1',
    'us-ascii',
    'utf-7',
    'utf8',
    '',
    'utf-8; charset=utf-16',
    'utf-16; charset=utf-8',
  ])('is refused with 415 for the charset %s', async (charset) => {
    for (const type of [
      `application/json; charset=${charset}`,
      `Application/JSON;CHARSET=${charset}`,
    ]) {
      const { status, body } = await post('{"name":"Ana"}', { 'content-type': type });
      expect([status, body.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    }
  });

  it.each(['charset=utf-8', 'charset=UTF-8', 'charset="utf-8"', 'version=1; charset = utf-8', ''])(
    'differs from a valid body with the parameters %s',
    async (parameters) => {
      const type = `application/json; ${parameters}`;
      expect((await post('{"name":"Ana"}', { 'content-type': type })).status).toBe(201);
    },
  );

  it('is refused with 415 without a content type', async () => {
    const answer = await exchangeRaw(
      app,
      'POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 415 [\s\S]*"code":"UNSUPPORTED_MEDIA_TYPE"/);
  });

  it('differs from an empty body with a JSON content type, which is accepted on a route without a body', async () => {
    const answer = await app.inject({
      method: 'DELETE',
      url: '/api/v1/users/0192F0C1-7d3a-7c51-9f0e-3a2b1c4d5e6f',
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.json()).toEqual({ success: true, data: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' });
  });
});

describe('A request to change the protocol', () => {
  it('is answered, and closes the connection', async () => {
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
    const answer = await exchangeRaw(
      app,
      `GET /api/v1/users HTTP/1.1\r\nHost: x\r\n${upgrade}\r\nGET /api/v1/users HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*\nconnection: close\r\n/i);
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});

describe('A hostile URL or header', () => {
  it('is refused with 400 for 101 parameters after a number sign', async () => {
    const target = `/api/v1/users#${'limit=1&'.repeat(100)}`;
    const answer = await exchangeRaw(
      app,
      `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*"field":"query"/);
  });

  it.each([
    ['a NUL in the query', '/api/v1/users?limit=%00', 'limit'],
    ['a NUL in a parameter', '/api/v1/users/failures/%00', 'kind'],
    ['101 parameters', `/api/v1/users?${'limit=1&'.repeat(100)}`, 'query'],
    [
      '101 parameters after two question marks',
      `/api/v1/users?x=1?&${'limit=1&'.repeat(100)}`,
      'query',
    ],
    ['8,000 parameters', `/api/v1/users?${'&'.repeat(8_000)}`, 'query'],
    ['a query of the wrong type', '/api/v1/users?limit=many', 'limit'],
    ...[
      '01',
      '00',
      '0x10',
      '1e1',
      '%2B1',
      '-1',
      '1.0',
      '%201',
      '1%20',
      '%EF%BC%91',
      '0b1',
      '1_0',
      'NaN',
      '',
      '101',
    ].map((text): [string, string, string] => [
      `a number that is not in decimal digits or range (${text})`,
      `/api/v1/users?limit=${text}`,
      'limit',
    ]),
    ['a repeated query parameter', '/api/v1/users?limit=1&limit=2', 'limit'],
    ['an unknown query parameter', '/api/v1/users?order=name', 'order'],
    ['__proto__ in the query', '/api/v1/users?__proto__=1', '__proto__'],
    ['constructor in the query', '/api/v1/users?constructor=1', 'constructor'],
  ])('is refused with 400 that names it: %s', async (_what, url, field) => {
    const answer = await app.inject({ method: 'GET', url });
    expect(answer.statusCode).toBe(400);
    expect([...new Set(fieldsOf(answer.json<ErrorBody>()))]).toEqual([field]);
  });

  it('is refused with 400 that names the parameter of a malformed id', async () => {
    for (const id of ['1', 'undefined', "1'%20OR%201=1", '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f0']) {
      const answer = await app.inject({ method: 'DELETE', url: `/api/v1/users/${id}` });
      expect([answer.statusCode, fieldsOf(answer.json<ErrorBody>())]).toEqual([400, ['userId']]);
    }
  });

  it.each(['/api/v1/users/failures/%zz', '/%', `/api/v1/users/failures/${'a'.repeat(300)}`])(
    'is refused in the error format before routing: %s',
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
    ['malformed HTTP', 'GARBAGE\r\n\r\n'],
    [
      'two Content-Length headers',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
    ],
    [
      'Content-Length with chunks (request smuggling)',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('is refused with 400 and a closed connection: %s', async (_what, bytes) => {
    const answer = await exchangeRaw(app, bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      code: 'VALIDATION_ERROR',
      status: 400,
    });
  });

  it('is not logged as an error when the client closes the connection within its body', async () => {
    const seen = once(app.getHttpServer(), 'request');
    const socket = connect(Number(new URL(await app.getUrl()).port), '127.0.0.1');
    socket.write(
      'POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"na',
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
