import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEdge } from '../edge.fixture.js';
import { exchangeRaw } from './raw-exchange.fixture.js';

let app: NestFastifyApplication;

beforeAll(async () => {
  ({ app } = await createEdge());
  await app.listen(0, '127.0.0.1');
});

afterAll(async () => {
  await app.close();
});

const ask = (target: string, host: string, method = 'GET') =>
  exchangeRaw(app, `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);

const PATH = '/api/v1/users/address';

describe('A request target in absolute form', () => {
  it.each([
    ['http://b.example', 'a.example'],
    ['http://b.example', ''],
    ['http://b.example', 'b.example.'],
    ['http://b.example:8080', 'b.example'],
    ['http://b.example', 'b.example:8080'],
    ['http://b.example', 'b.example@a.example'],
    ['https://b.example', 'b.example:80'],
  ])('is refused with 400 for %s with the Host header %j', async (origin, host) => {
    const answer = await ask(origin + PATH, host);
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*"field":"host"/);
  });

  it.each(['http://user@b.example', 'http://user:secret@b.example', 'http://@b.example'])(
    'is refused with 400 for the user name in %s',
    async (origin) => {
      const answer = await ask(origin + PATH, 'b.example');
      expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*"field":"host"/);
    },
  );

  it('may contain an at sign in its path and query', async () => {
    const answer = await ask(`http://b.example${PATH}?email=a@b.example`, 'b.example');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each([
    ['http://b.example', 'b.example'],
    ['http://B.Example', 'b.example'],
    ['http://b.example:80', 'b.example'],
    ['http://b.example', 'B.example:80'],
    ['https://b.example:443', 'b.example'],
    ['http://[::1]:3000', '[::1]:3000'],
  ])('is served for %s with the Host header %j', async (origin, host) => {
    expect(await ask(origin + PATH, host)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('gets 405 for a method that the path does not support', async () => {
    const answer = await ask(`http://b.example${PATH}`, 'b.example', 'PUT');
    expect(answer).toMatch(/^HTTP\/1\.1 405 [^]*allow: DELETE, GET, HEAD/i);
  });

  it('differs from other forms, which name no host', async () => {
    expect(await ask(PATH, 'a.example')).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask('*', 'a.example', 'OPTIONS')).toMatch(/^HTTP\/1\.1 404 /);
  });
});

describe('A request without a Host header', () => {
  it('is refused in the error format, unless its version has none', async () => {
    const refused = await exchangeRaw(app, `GET ${PATH} HTTP/1.1\r\nConnection: close\r\n\r\n`);
    expect(refused).toMatch(/^HTTP\/1\.1 400 [^]*"code":"VALIDATION_ERROR"[^]*"field":"host"/);
    const old = await exchangeRaw(app, `GET ${PATH} HTTP/1.0\r\n\r\n`);
    expect(old).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('A Host header', () => {
  it.each([
    ['two', 'a.example\r\nHost: b.example'],
    ['two equal', 'a.example\r\nHost: a.example'],
    ['an empty one beside another', '\r\nHost: a.example'],
    ['a user name', 'user@a.example'],
    ['a path', 'a.example/path'],
    ['a list', 'a.example b.example'],
    ['a word as port', 'a.example:port'],
    ['two ports', 'a.example:80:80'],
    ['an open bracket', '[::1'],
  ])('is refused with 400 for %s', async (_what, host) => {
    expect(await ask(PATH, host)).toMatch(/^HTTP\/1\.1 400 [^]*"field":"host"/);
  });

  it.each(['two.example\r\nHost: b.example', 'user@b.example'])(
    'is refused with 400 beside a request target in absolute form: %j',
    async (host) => {
      const answer = await ask(`http://b.example${PATH}`, host);
      expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*"field":"host"/);
    },
  );

  it.each(['', 'a_b.example', 'a.example.', 'A.Example:8080', '10.0.0.1:', '[::1]', '[::1]:3000'])(
    'may be %j',
    async (host) => {
      expect(await ask(PATH, host)).toMatch(/^HTTP\/1\.1 200 /);
    },
  );
});

describe('A request with an unknown expectation', () => {
  it('is served', async () => {
    const head = `GET ${PATH} HTTP/1.1\r\nHost: x\r\nConnection: close`;
    expect(await exchangeRaw(app, `${head}\r\nExpect: 42\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
  });
});
