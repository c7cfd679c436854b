import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HttpSessionStatusSource } from './http-session-status.source.js';

const CLAIMS = { session_id: randomUUID(), sub: randomUUID(), tenant_id: randomUUID() };
const CLIENT = { issuerUrl: 'http://issuer.test', clientId: 'an id', clientSecret: 'a:secret%' };
const STANDING = { sessionActive: true };

beforeEach(() => {
  vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

function answering(status: number, body: string) {
  const asked: [URL, RequestInit][] = [];
  const request = ((url: URL, init: RequestInit) => {
    asked.push([url, init]);
    return Promise.resolve(new Response(body, { status }));
  }) as typeof fetch;
  return { asked, source: new HttpSessionStatusSource(CLIENT, request) };
}

describe('asking the issuer over HTTP', () => {
  it('sends the ids and the credentials in the form of the RFC, and follows nobody elsewhere', async () => {
    const { asked, source } = answering(200, JSON.stringify({ active: true, standing: STANDING }));
    expect(await source.ask(CLAIMS)).toEqual(STANDING);
    const [url, init] = asked[0] ?? [];
    expect(String(url)).toBe('http://issuer.test/api/v1/oauth/introspect');
    const { authorization = '' } = init?.headers as Record<string, string>;
    const credentials = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
    expect(credentials).toBe('an%20id:a%3Asecret%25');
    expect(String(init?.body as URLSearchParams)).toBe(String(new URLSearchParams(CLAIMS)));
    expect(init?.redirect).toBe('error');
  });

  it('knows no standing of what is not active', async () => {
    expect(await answering(200, '{"active":false}').source.ask(CLAIMS)).toBeUndefined();
  });

  it.each([
    [401, '{}'],
    [500, '{"active":true,"standing":{}}'],
    [200, 'no JSON'],
    [200, 'null'],
    [200, '{}'],
    [200, '{"active":"true","standing":{}}'],
    [200, '{"active":true}'],
    [200, JSON.stringify({ active: true, standing: {}, more: 'x'.repeat(70_000) })],
  ])('lets nobody in for %i %s', async (status, body) => {
    await expect(answering(status, body).source.ask(CLAIMS)).rejects.toThrow();
  });
});
