import { redisUrl, startRedis, canStartRedis } from '@poc-tracker/testing';
import { RateLimitHits } from '@poc-tracker/rate-limit';
import { describe, expect, it } from 'vitest';
import { SecurityEvents } from '../../../apps/auth-service/src/audit/security-events.js';
import { ServiceFixture } from '../service.fixture.js';
import { attempt, attempts, newAddress, statuses, TRUE_LIMITS } from './limits.fixture.js';

/** Enough to show that the number of rows does not grow with the number of attempts. */
const MANY = 300;

async function withService(
  env: NodeJS.ProcessEnv,
  work: (service: ServiceFixture) => Promise<void>,
): Promise<void> {
  const service = await ServiceFixture.start({ ...TRUE_LIMITS, ...env });
  try {
    await work(service);
  } finally {
    await service.stop();
  }
}

const eventsOf = (service: ServiceFixture, tenantId: string) =>
  service.sql<{ type: string; details: Record<string, unknown> }>(
    `SELECT type, details FROM security_events
      WHERE tenant_id = $1 AND type IN ('rate_limit.exceeded', 'login.failed') ORDER BY id`,
    [tenantId],
  );

describe('an attack on log-ins', () => {
  it('leaves one entry for the rule that refuses it, and one with the count afterwards', async () => {
    await withService({}, async (service) => {
      const { host, tenantId } = await service.tenant();
      const from = newAddress();
      const answers = await attempts(MANY, (index) =>
        attempt(service, { host, email: `u${index}@acme.example`, from }),
      );
      expect(statuses(answers).filter((status) => status === 429)).toHaveLength(MANY - 10);
      await service.app.get(SecurityEvents).onApplicationShutdown();
      const refusals = (await eventsOf(service, tenantId)).filter(
        ({ type }) => type === 'rate_limit.exceeded',
      );
      expect(refusals).toEqual([
        {
          type: 'rate_limit.exceeded',
          details: { rule: 'auth:ip', limit: 10, window: 900, shadow: false },
        },
        expect.objectContaining({
          details: expect.objectContaining({ count: MANY - 11 }) as unknown,
        }),
      ]);
      expect(service.app.get(RateLimitHits).list()).toEqual([
        { tenantId, endpoint: '/api/v1/auth/login', identifier: 'ip', count: MANY - 10 },
      ]);
    });
  });

  it('in shadow mode is refused by no limit, is reported, and leaves a bounded number of entries', async () => {
    await withService({ RATE_LIMIT_SHADOW: 'all' }, async (service) => {
      const { host, tenantId } = await service.tenant();
      const from = newAddress();
      const answers = await attempts(MANY, (index) =>
        attempt(service, { host, email: `u${index}@acme.example`, from }),
      );
      expect(new Set(statuses(answers))).toEqual(new Set([401]));
      expect(answers[0]?.headers['ratelimit']).toBeUndefined();
      await service.app.get(SecurityEvents).onApplicationShutdown();
      const events = await eventsOf(service, tenantId);
      const failures = events.filter(({ type }) => type === 'login.failed');
      expect(failures).toHaveLength(11);
      expect(failures.at(-1)?.details['count']).toBe(MANY - 10);
      const shadowed = events.filter(({ type }) => type === 'rate_limit.exceeded');
      expect(shadowed).toHaveLength(2);
      expect(shadowed[0]?.details).toMatchObject({ rule: 'auth:ip', shadow: true });
      expect(service.app.get(RateLimitHits).list()[0]?.count).toBe(MANY - 10);
    });
  });

  it('in shadow mode of one rule is refused by the others', async () => {
    await withService({ RATE_LIMIT_SHADOW: 'auth:ip' }, async (service) => {
      const { host } = await service.tenant();
      const from = newAddress();
      const answers = await attempts(12, (index) =>
        attempt(service, { host, email: `u${index % 2}@acme.example`, from }),
      );
      expect(statuses(answers)).toEqual([...Array<number>(10).fill(401), 429, 429]);
      expect(answers[11]?.headers['ratelimit']).toContain('"login:user"');
    });
  });
});

describe.runIf(canStartRedis())('without its Redis', () => {
  it('the service limits per process, answers no 500, and says that it is degraded', async () => {
    const redis = await startRedis();
    await withService({ REDIS_URL: redis.url }, async (service) => {
      const { host } = await service.tenant();
      const from = newAddress();
      const one = (index: number) =>
        attempt(service, { host, email: `u${index}@acme.example`, from });
      await attempts(3, one);
      await redis.stop();
      const answers = await attempts(12, one);
      expect(statuses(answers)).toEqual([...Array<number>(10).fill(401), 429, 429]);
      const health = await service.app.inject({ method: 'GET', url: '/health' });
      expect(health.json()).toMatchObject({
        status: 'degraded',
        services: { redis: { healthy: false } },
      });
    });
  });
});

describe('other routes', () => {
  it('limit reads by user, and tell every reader', async () => {
    await withService(
      { RATE_LIMITS: 'reads:user=3/60', REDIS_URL: redisUrl() },
      async (service) => {
        const tenant = await service.tenant();
        const read = async (token: string) => service.call('GET', '/auth/me', { token });
        const [ana, bo] = await Promise.all(
          [1, 2].map(async () => {
            const user = await service.user(tenant.tenantId);
            return (await service.login(tenant.host, user)).tokens.accessToken;
          }),
        );
        const answers = await attempts(4, () => read(ana ?? ''));
        expect(statuses(answers)).toEqual([200, 200, 200, 429]);
        expect(answers[0]?.headers).toMatchObject({
          'ratelimit-policy': '"reads:user";q=3;w=60',
          ratelimit: expect.stringMatching(/^"reads:user";r=2;t=6[0-2]$/) as unknown,
        });
        expect((await read(bo ?? '')).status).toBe(200);
      },
    );
  });

  it('limit what needs no session by address, and health probes never', async () => {
    await withService({ RATE_LIMITS: 'reads:ip=2/60' }, async (service) => {
      const get = async (url: string) =>
        (await service.app.inject({ method: 'GET', url })).statusCode;
      const keys = [];
      for (let request = 0; request < 3; request += 1)
        keys.push(await get('/.well-known/jwks.json'));
      expect(keys).toEqual([200, 200, 429]);
      for (let request = 0; request < 5; request += 1) expect(await get('/health/live')).toBe(200);
    });
  });

  it('limit introspection by client and address before the client is authenticated', async () => {
    await withService({ RATE_LIMITS: 'oauth:client=2/60' }, async (service) => {
      const introspect = async (id: string) =>
        (
          await service.app.inject({
            method: 'POST',
            url: '/api/v1/oauth/introspect',
            headers: {
              authorization: `Basic ${Buffer.from(`${id}:wrong`).toString('base64')}`,
              'content-type': 'application/x-www-form-urlencoded',
            },
            payload: 'token=x',
          })
        ).statusCode;
      const one = '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f';
      const answers = [await introspect(one), await introspect(one), await introspect(one)];
      expect(answers).toEqual([401, 401, 429]);
      expect(await introspect('0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e70')).toBe(401);
    });
  });
});
