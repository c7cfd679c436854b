import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { clientOf } from './request-context.js';

const request = (ip: string, userAgent?: string) =>
  ({ ip, headers: userAgent === undefined ? {} : { 'user-agent': userAgent } }) as FastifyRequest;

describe('the client of a request', () => {
  it('has the IP address and the user agent', () => {
    expect(clientOf(request('203.0.113.7', 'curl/8'))).toEqual({
      ipAddress: '203.0.113.7',
      userAgent: 'curl/8',
    });
  });

  it('has no IP address after the connection was closed', () => {
    expect(clientOf(request('')).ipAddress).toBeNull();
  });

  it('has the first 512 characters of a longer user agent', () => {
    expect(clientOf(request('::1', 'x'.repeat(16_000))).userAgent).toHaveLength(512);
  });
});
