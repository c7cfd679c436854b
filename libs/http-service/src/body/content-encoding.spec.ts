import { gzipSync } from 'node:zlib';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchangeRaw } from '../connection/raw-exchange.fixture.js';
import { createEdge } from '../edge.fixture.js';

let app: NestFastifyApplication;

beforeAll(async () => {
  ({ app } = await createEdge());
  await app.listen(0, '127.0.0.1');
});

afterAll(async () => {
  await app.close();
});

const JSON_BODY = '{"name":"Ana"}';

const send = (
  encoding: string,
  { path = 'users', type = 'application/json', body = JSON_BODY } = {},
) =>
  exchangeRaw(
    app,
    `POST /api/v1/${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${type}\r\n` +
      `Content-Encoding: ${encoding}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );

describe('A body with Content-Encoding', () => {
  it.each(['gzip', 'br', 'deflate', 'GZIP', 'x-unknown', 'identity, gzip'])(
    'is refused with 415 and the supported encoding for %s',
    async (encoding) => {
      const answer = await send(encoding);
      expect(answer).toMatch(/^HTTP\/1\.1 415 [^]*"code":"UNSUPPORTED_MEDIA_TYPE"/);
      expect(answer).toMatch(/^accept-encoding: identity\r$/m);
      expect(answer).toContain('without Content-Encoding');
    },
  );

  it('is refused before its content is looked at', async () => {
    const body = gzipSync(JSON_BODY).toString('latin1');
    expect(await send('gzip', { body })).toMatch(/^HTTP\/1\.1 415 /);
  });

  it('is refused as a form in the format of OAuth', async () => {
    const form = { path: 'oauth/raw', type: 'application/x-www-form-urlencoded', body: 'a=b' };
    expect(await send('gzip', form)).toMatch(/^HTTP\/1\.1 415 [^]*"error":"invalid_request"/);
  });

  it('is accepted for identity', async () => {
    expect(await send('identity')).toMatch(/^HTTP\/1\.1 201 /);
  });
});
