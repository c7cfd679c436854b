import { describe, expect, it } from 'vitest';
import { RateLimitHits } from './rate-limit-hits.js';

describe('the hits of rate limits', () => {
  it('are counted by tenant, route and kind of limit; a service client counts as a user', () => {
    const hits = new RateLimitHits();
    hits.add('t1', '/api/v1/auth/login', 'ip');
    hits.add('t1', '/api/v1/auth/login', 'ip');
    hits.add(undefined, '/api/v1/oauth/introspect', 'client');
    expect(hits.list()).toEqual([
      { tenantId: 't1', endpoint: '/api/v1/auth/login', identifier: 'ip', count: 2 },
      { tenantId: undefined, endpoint: '/api/v1/oauth/introspect', identifier: 'user', count: 1 },
    ]);
  });

  it('have a bounded number of series, above which tenants are counted together', () => {
    const hits = new RateLimitHits();
    hits.add(undefined, '/login', 'ip');
    for (let tenant = 0; tenant < 10_050; tenant += 1) hits.add(`t${tenant}`, '/login', 'ip');
    expect(hits.list()).toHaveLength(10_000);
    expect(hits.list()[0]?.count).toBe(1 + 51);
  });
});
