import { once } from 'node:events';
import { connect } from 'node:net';
import { Controller, Get, Module, Post, Req } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Public } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import type { FastifyRequest } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpApp } from '../server/http-app.factory.js';
import { createLogger } from '../logging/logger.factory.js';
import { RawBody, rawBodyType } from './raw-body.js';

@Controller('things')
class ThingController {
  @Post('raw')
  @Public()
  @RawBody()
  async raw(@Req() request: FastifyRequest): Promise<object> {
    let bytes = 0;
    for await (const chunk of request.raw) bytes += (chunk as Buffer).length;
    return { bytes, type: rawBodyType(request) ?? null, parsed: request.body ?? null };
  }

  @Post('refused')
  @Public()
  @RawBody()
  refused(): never {
    throw new ApiError('INSUFFICIENT_PERMISSIONS');
  }

  @Post('parsed')
  @Public()
  parsed(@Req() request: FastifyRequest): object {
    return { parsed: request.body ?? null };
  }

  @Get('nothing')
  @Public()
  nothing(): null {
    return null;
  }
}

@Module({ controllers: [ThingController] })
class ThingModule {}

let app: NestFastifyApplication;
let url: string;

beforeAll(async () => {
  app = await createHttpApp(ThingModule, {
    settings: {
      host: '127.0.0.1',
      port: 0,
      trustedProxies: [],
      requestTimeoutMs: 5_000,
      shutdownDelayMs: 0,
    },
    logger: createLogger('silent'),
    requestId: () => '0192f0c1-a0b1-7c2d-8e3f-405162738495',
    translateError: () => undefined,
    uploadTimeoutMs: 60_000,
  });
  await app.listen(0, '127.0.0.1');
  url = `${await app.getUrl()}/api/v1/things`;
});

afterAll(async () => {
  await app?.close();
});

async function post(path: string, body: string, type?: string) {
  const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
  const bytes = new TextEncoder().encode(body);
  const answer = await fetch(`${url}/${path}`, { method: 'POST', body: bytes, headers });
  return { status: answer.status, body: (await answer.json()) as { data: object; code: string } };
}

describe('A route with @RawBody()', () => {
  it.each([
    'application/json',
    'text/plain; charset=utf-8',
    'video/mp4',
    'multipart/form-data; boundary=x',
    'not a type at all',
    undefined,
  ])('receives a body of the type %s unparsed, whatever its length', async (type) => {
    const { status, body } = await post('raw', 'x'.repeat(300_000), type);
    expect(status).toBe(201);
    expect(body.data).toEqual({ bytes: 300_000, type: type ?? null, parsed: null });
  });

  it('closes the connection of a request that is refused before its body has arrived', async () => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    await once(socket, 'connect');
    socket.write(
      'POST /api/v1/things/refused HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nx',
    );
    await once(socket, 'close');
    expect(received).toContain('403 Forbidden');
    expect(received.toLowerCase()).toContain('connection: close');
  });

  it('does not change other routes', async () => {
    const json = await post('parsed', '{"a": 1}', 'application/json');
    expect(json.body.data).toEqual({ parsed: { a: 1 } });
    for (const type of ['text/plain', 'application/x-poc-tracker-unread'])
      expect((await post('parsed', 'x', type)).body.code).toBe('UNSUPPORTED_MEDIA_TYPE');
    expect((await post('parsed', 'x'.repeat(70_000), 'application/json')).status).toBe(413);
    expect((await fetch(`${url}/nothing`)).status).toBe(200);
  });
});
