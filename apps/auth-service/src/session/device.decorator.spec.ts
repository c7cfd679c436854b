import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { deviceOf } from './device.decorator.js';

const request = (ip: string, userAgent?: string) =>
  ({ ip, headers: userAgent === undefined ? {} : { 'user-agent': userAgent } }) as FastifyRequest;

describe('the device of a request', () => {
  it('has the address and the user agent', () => {
    expect(deviceOf(request('203.0.113.7', 'curl/8'))).toEqual({
      ipAddress: '203.0.113.7',
      userAgent: 'curl/8',
    });
  });

  it('keeps an IPv6 address without the name of the interface', () => {
    expect(deviceOf(request('fe80::1%eth0')).ipAddress).toBe('fe80::1');
  });

  it('has no address when the forwarded one is junk', () => {
    expect(deviceOf(request("1.2.3.4'; DROP TABLE users")).ipAddress).toBeNull();
    expect(deviceOf(request('')).ipAddress).toBeNull();
  });

  it('keeps the beginning of an endless user agent', () => {
    expect(deviceOf(request('::1', 'x'.repeat(16_000))).userAgent).toHaveLength(512);
  });
});
