import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { createEdge } from '../edge.fixture.js';

let app: NestFastifyApplication | undefined;

afterEach(async () => {
  await app?.close();
});

/** The address and host of a request from `peer` with forwarded headers. */
async function seenFrom(
  peer: string,
  forwardedFor: string,
  trustedProxies: string[],
): Promise<unknown> {
  ({ app } = await createEdge({ trustedProxies }));
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  const response = await app.inject({
    method: 'GET',
    url: '/api/v1/users/address',
    remoteAddress: peer,
    headers: {
      host: 'acme.poctracker.com',
      'x-forwarded-for': forwardedFor,
      'x-forwarded-host': 'evil.example',
    },
  });
  return response.json<{ data: unknown }>().data;
}

describe('Forwarded headers', () => {
  it('are ignored without a trusted proxy', async () => {
    expect(await seenFrom('203.0.113.9', '198.51.100.1', [])).toEqual({
      ip: '203.0.113.9',
      host: 'acme.poctracker.com',
    });
  });

  it('are ignored when they do not come from a trusted proxy', async () => {
    expect(await seenFrom('203.0.113.9', '198.51.100.1', ['10.0.0.0/8'])).toEqual({
      ip: '203.0.113.9',
      host: 'acme.poctracker.com',
    });
  });

  it('are used only up to the address that the trusted proxy added, not those that the client sent', async () => {
    expect(
      await seenFrom('10.0.0.2', '192.0.2.66, 198.51.100.1, 10.1.2.3', ['10.0.0.0/8']),
    ).toMatchObject({
      ip: '198.51.100.1',
    });
  });

  it('give the address in its one form, whatever the gateway writes', async () => {
    expect(await seenFrom('::ffff:10.0.0.2', '203.0.113.9:51234', ['10.0.0.0/8'])).toMatchObject({
      ip: '203.0.113.9',
    });
  });

  it('name the host behind a trusted proxy on an IPv6 socket', async () => {
    expect(await seenFrom('::ffff:10.0.0.2', '203.0.113.9', ['10.0.0.0/8'])).toMatchObject({
      host: 'evil.example',
    });
  });

  it('are no fault of the service if they are not addresses', async () => {
    expect(await seenFrom('10.0.0.2', "'; DROP TABLE users", ['10.0.0.0/8'])).toMatchObject({
      ip: '10.0.0.2',
    });
  });
});
