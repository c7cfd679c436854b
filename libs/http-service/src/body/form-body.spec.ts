import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEdge } from '../edge.fixture.js';

let app: NestFastifyApplication;

beforeAll(async () => {
  ({ app } = await createEdge());
  await app.init();
});

afterAll(async () => {
  await app.close();
});

/** The status of a form. The route responds to every form that it accepts with 429. */
async function post(payload: string | Buffer, parameters = ''): Promise<number> {
  const answer = await app.inject({
    method: 'POST',
    url: '/api/v1/oauth/limit',
    headers: { 'content-type': `application/x-www-form-urlencoded${parameters}` },
    payload,
  });
  return answer.statusCode;
}

describe('A form', () => {
  it.each([
    ['two fields', 'token=a&client_id=b'],
    ['100 parameters', Array.from({ length: 100 }, (_, at) => `f${at}=1`).join('&')],
    ['text in UTF-8', 'client_secret=%C3%A9&name=\u00e9+%e2%82%ac'],
    ['percent signs that encode nothing', 'client_secret=100%&name=%zz%4'],
  ])('is accepted with %s', async (_what, form) => {
    expect(await post(form)).toBe(429);
  });

  it.each([
    ['a repeated field', 'token=a&token=b'],
    ['a repeated field that is encoded', 'token=a&t%6Fken=b'],
    ['101 parameters', Array.from({ length: 101 }, (_, at) => `f${at}=1`).join('&')],
    ['30,000 empty parameters', '&'.repeat(30_000)],
    ['bytes that are not UTF-8', Buffer.from([0x61, 0x3d, 0xff])],
    ['encoded bytes that are not UTF-8', 'client_secret=a%ff'],
    ['an encoded surrogate', 'client_secret=%ED%A0%80'],
    ['an overlong encoding', 'client_secret=%C0%AF'],
  ])('is refused with 400 for %s', async (_what, form) => {
    expect(await post(form)).toBe(400);
  });

  it.each(['; charset=utf-16', ';charset="iso-8859-1"', '; charset=utf-8; charset=utf-16'])(
    'is refused with 415 with the parameters %s',
    async (parameters) => {
      expect(await post('token=a', parameters)).toBe(415);
    },
  );
});
