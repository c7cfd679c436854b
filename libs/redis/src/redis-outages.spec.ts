import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RedisOutages } from './redis-outages.js';

let lines: string[];

beforeEach(() => {
  lines = [];
  for (const level of ['warn', 'log', 'debug'] as const)
    vi.spyOn(Logger.prototype, level).mockImplementation(
      (line: unknown) => void lines.push(`${level}: ${String(line)}`),
    );
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('The log of an outage of Redis', () => {
  it('has one warning for all that use Redis, and one line when all of them can again', () => {
    const outages = new RedisOutages();
    outages.begin('rate limits', new Error('connect ECONNREFUSED'));
    outages.begin('cached tenants', new Error('Connection is closed.'));
    outages.begin('rate limits', new Error('connect ECONNREFUSED'));
    outages.end('rate limits');
    outages.begin('revocations', 'timeout');
    outages.end('cached tenants');
    outages.end('revocations');
    outages.end('revocations');
    expect(lines.filter((line) => !line.startsWith('debug'))).toEqual([
      'warn: Redis cannot be used for rate limits (connect ECONNREFUSED). The process continues without it, and counts limits by itself.',
      'log: Redis is used again.',
    ]);
    expect(lines).toContain(
      'debug: Redis cannot be used for cached tenants either (Connection is closed.).',
    );
  });

  it('has a warning for each outage', () => {
    const outages = new RedisOutages();
    for (let outage = 0; outage < 2; outage += 1) {
      outages.begin('rate limits', new Error('lost'));
      outages.end('rate limits');
    }
    expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(2);
  });
});
