import type { FastifyReply, FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { RateLimitPolicy } from '../rules/rate-limit-policy.js';
import { DEFAULT_RULES, type RuleName } from '../rules/rule-catalogue.js';
import type { NamedSource } from './rate-limit-subjects.js';
import { refusalKey, RefusedRequests } from './refused-requests.js';

const [rule] = new RateLimitPolicy({ rules: DEFAULT_RULES, shadow: [] }).rulesOf('login');
const refusal = { rule: rule!, report: () => undefined };

const request = (more: Partial<FastifyRequest> = {}): FastifyRequest =>
  ({ ip: '192.0.2.1', host: 'acme.localhost', headers: {}, query: {}, ...more }) as FastifyRequest;

const keyOf = (name: RuleName, of: FastifyRequest, source: NamedSource, perTenant = false) =>
  refusalKey(name, of, source, perTenant);

describe('the refusals in memory', () => {
  it('are repeated until the source may try again', () => {
    let now = 0;
    const refused = new RefusedRequests(() => now);
    refused.add('a', 3_000, refusal);
    now = 2_999;
    expect(refused.find('a')).toBeDefined();
    now = 3_000;
    expect(refused.find('a')).toBeUndefined();
  });

  it('are asked again after ten seconds, because operators may have raised the limit', () => {
    let now = 0;
    const refused = new RefusedRequests(() => now);
    refused.add('a', 900_000, refusal);
    now = 10_000;
    expect(refused.find('a')).toBeUndefined();
  });

  it('are none any more when the last of them is over, whether or not its source asks again', () => {
    let now = 0;
    const refused = new RefusedRequests(() => now);
    refused.add('a', 3_000, refusal);
    refused.add('b', 5_000, refusal);
    now = 4_999;
    expect(refused.isEmpty()).toBe(false);
    now = 5_000;
    expect(refused.isEmpty()).toBe(true);
  });

  it('are bounded in number', () => {
    const refused = new RefusedRequests(() => 0);
    for (let index = 0; index <= 10_000; index += 1) refused.add(`${index}`, 1_000, refusal);
    expect(refused.find('0')).toBeUndefined();
    expect(refused.find('10000')).toBeDefined();
  });

  it('tell the time that is left when they are repeated', () => {
    let now = 0;
    const refused = new RefusedRequests(() => now);
    const added = refused.add('a', 9_500, refusal);
    now = 4_000;
    const headers: Record<string, string> = {};
    const reply = { header: (name: string, value: string) => (headers[name] = value) };
    expect(() => refused.refuse(added, request(), reply as unknown as FastifyReply)).toThrow(
      expect.objectContaining({ code: 'RATE_LIMIT_EXCEEDED', retryAfter: 6 }),
    );
    expect(headers).toEqual({
      'ratelimit-policy': '"auth:ip";q=10;w=900',
      ratelimit: '"auth:ip";r=0;t=6',
    });
  });

  it('hold for the address alone, or for the account in its tenant', () => {
    const elsewhere = request({ host: 'globex.localhost' });
    expect(keyOf('auth:ip', elsewhere, { account: 'b' })).toBe(
      keyOf('auth:ip', request(), { account: 'a' }),
    );
    expect(keyOf('auth:ip', request({ ip: '192.0.2.2' }), { account: 'a' })).not.toBe(
      keyOf('auth:ip', request(), { account: 'a' }),
    );
    expect(keyOf('login:user', elsewhere, { account: 'a' })).not.toBe(
      keyOf('login:user', request(), { account: 'a' }),
    );
    expect(keyOf('login:user', request(), { account: 'b' })).not.toBe(
      keyOf('login:user', request(), { account: 'a' }),
    );
    expect(keyOf('login:user', request({ ip: '192.0.2.2' }), { account: 'a' })).toBe(
      keyOf('login:user', request(), { account: 'a' }),
    );
    expect(keyOf('login:tenant', request(), { account: 'b' })).toBe(
      keyOf('login:tenant', request(), { account: 'a' }),
    );
  });

  it('by a limit that is set for a tenant hold for an address in that tenant alone', () => {
    const key = keyOf('auth:ip', request(), { account: 'a' }, true);
    expect(keyOf('auth:ip', request(), { account: 'b' }, true)).toBe(key);
    expect(keyOf('auth:ip', request(), { account: 'a' })).not.toBe(key);
    const others = [request({ host: 'globex.localhost' }), request({ ip: '192.0.2.2' })];
    for (const other of others)
      expect(keyOf('auth:ip', other, { account: 'a' }, true)).not.toBe(key);
  });

  it.each(['login:user', 'login:tenant'] as const)(
    'of %s do not hold for a known device',
    (rule) => {
      expect(keyOf(rule, request(), { account: 'a', tenant: 'device' })).not.toBe(
        keyOf(rule, request(), { account: 'a' }),
      );
    },
  );
});
