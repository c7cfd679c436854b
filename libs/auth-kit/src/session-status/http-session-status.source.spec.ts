import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HttpSessionStatusSource } from './http-session-status.source.js';

const CLAIMS = { session_id: randomUUID(), sub: randomUUID(), tenant_id: randomUUID() };
const CLIENT = { issuerUrl: 'http://issuer.test', clientId: 'an id', clientSecret: 'a:secret%' };
const STATUS = { sessionActive: true };

beforeEach(() => {
  vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

function responding(status: number, body: string) {
  const requests: [URL, RequestInit][] = [];
  const request = ((url: URL, init: RequestInit) => {
    requests.push([url, init]);
    return Promise.resolve(new Response(body, { status }));
  }) as typeof fetch;
  return { requests, source: new HttpSessionStatusSource(CLIENT, request) };
}

describe('HttpSessionStatusSource', () => {
  it('sends the ids and the credentials as RFC 7662 and RFC 6749 require, and follows no redirect', async () => {
    const { requests, source } = responding(
      200,
      JSON.stringify({ active: true, session_status: STATUS }),
    );
    expect(await source.fetch(CLAIMS)).toEqual(STATUS);
    const [url, init] = requests[0] ?? [];
    expect(String(url)).toBe('http://issuer.test/api/v1/oauth/introspect');
    const { authorization = '' } = init?.headers as Record<string, string>;
    const credentials = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
    expect(credentials).toBe('an%20id:a%3Asecret%25');
    expect(String(init?.body as URLSearchParams)).toBe(String(new URLSearchParams(CLAIMS)));
    expect(init?.redirect).toBe('error');
  });

  it('returns no status for an inactive session', async () => {
    expect(await responding(200, '{"active":false}').source.fetch(CLAIMS)).toBeUndefined();
  });

  it.each([
    [401, '{}'],
    [500, '{"active":true,"session_status":{}}'],
    [200, 'no JSON'],
    [200, 'null'],
    [200, '{}'],
    [200, '{"active":"true","session_status":{}}'],
    [200, '{"active":true}'],
    [200, JSON.stringify({ active: true, session_status: {}, more: 'x'.repeat(70_000) })],
  ])('throws on the response %i %s', async (status, body) => {
    await expect(responding(status, body).source.fetch(CLAIMS)).rejects.toThrow();
  });
});
