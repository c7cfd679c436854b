import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { createEdge } from '../edge.fixture.js';

let app: NestFastifyApplication | undefined;

afterEach(async () => {
  await app?.close();
});

/** The address and host that the service sees of a request that arrives from `peer` with forwarded headers. */
async function seenFrom(
  peer: string,
  forwardedFor: string,
  trustedProxies: string[],
): Promise<unknown> {
  ({ app } = await createEdge({ trustedProxies }));
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  const answer = await app.inject({
    method: 'GET',
    url: '/api/v1/people/address',
    remoteAddress: peer,
    headers: {
      host: 'acme.poctracker.com',
      'x-forwarded-for': forwardedFor,
      'x-forwarded-host': 'evil.example',
    },
  });
  return answer.json<{ data: unknown }>().data;
}

describe('forwarded headers', () => {
  it('are ignored when no proxy is configured', async () => {
    expect(await seenFrom('203.0.113.9', '198.51.100.1', [])).toEqual({
      ip: '203.0.113.9',
      host: 'acme.poctracker.com',
    });
  });

  it('are ignored when they do not come from a configured proxy', async () => {
    expect(await seenFrom('203.0.113.9', '198.51.100.1', ['10.0.0.0/8'])).toEqual({
      ip: '203.0.113.9',
      host: 'acme.poctracker.com',
    });
  });

  it('are believed of a configured proxy as far as it wrote them: what the client put before is not', async () => {
    expect(
      await seenFrom('10.0.0.2', '192.0.2.66, 198.51.100.1, 10.1.2.3', ['10.0.0.0/8']),
    ).toMatchObject({
      ip: '198.51.100.1',
    });
  });
});
