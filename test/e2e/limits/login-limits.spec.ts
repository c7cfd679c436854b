import { TenantDatabase } from '@poc-tracker/tenancy';
import { describe, expect, it, vi } from 'vitest';
import { PasswordHasher } from '../../../apps/auth-service/src/protection/passwords/password.hasher.js';
import { ServiceFixture } from '../service.fixture.js';
import {
  attempt,
  attempts,
  newAddress,
  other,
  service,
  statuses,
  TRUE_LIMITS,
  useLimitedInstances,
} from './limits.fixture.js';

useLimitedInstances();

describe('the limits of log-ins', () => {
  it('refuse the eleventh attempt from an address, in whichever tenant, and tell when to come back', async () => {
    const tenants = [await service.tenant(), await service.tenant()];
    const from = newAddress();
    const answers = await attempts(11, (index) =>
      attempt(service, {
        host: tenants[index % 2]?.host ?? '',
        email: `u${index}@acme.example`,
        from,
      }),
    );
    expect(statuses(answers)).toEqual([...Array<number>(10).fill(401), 429]);
    const refused = answers[10];
    expect(refused?.error).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', status: 429 });
    const retryAfter = Number(refused?.headers['retry-after']);
    expect(retryAfter).toBeGreaterThan(890);
    expect(retryAfter).toBeLessThanOrEqual(930);
    expect(refused?.headers).toMatchObject({
      'ratelimit-policy': '"auth:ip";q=10;w=900',
      ratelimit: `"auth:ip";r=0;t=${retryAfter}`,
    });
  });

  it('tell on every answer what is left, but not whether an account is in use', async () => {
    const { host, tenantId } = await service.tenant();
    const user = await service.user(tenantId);
    await attempt(service, { host, ...user });
    for (const email of [user.email, 'unknown@acme.example']) {
      const { headers } = await attempt(service, { host, email });
      expect(headers['ratelimit-policy']).toBe('"auth:ip";q=10;w=900');
      expect(headers['ratelimit']).toMatch(/^"auth:ip";r=9;t=9\d\d$/);
    }
    const refused = await attempts(5, () => attempt(service, { host, email: user.email }));
    expect(refused.at(-1)?.headers['ratelimit']).toMatch(/^"login:user";r=0;/);
  });

  it('refuse the sixth attempt at an account from any addresses, however its address is written', async () => {
    const tenant = await service.tenant();
    const user = await service.user(tenant.tenantId, { email: 'ana.strasse@acme.example' });
    const spellings = [
      'ana.strasse@acme.example',
      'ANA.straße@Acme.Example',
      ' ana.strasse@acme.example',
    ];
    const answers = await attempts(6, (index) =>
      attempt(service, { host: tenant.host, email: spellings[index % 3] ?? '' }),
    );
    expect(statuses(answers)).toEqual([401, 401, 401, 401, 401, 429]);
    const right = await attempt(service, { host: tenant.host, ...user });
    expect(right.status).toBe(429);
    const elsewhere = await service.tenant();
    const same = await attempt(service, { host: elsewhere.host, email: user.email });
    expect(same.status).toBe(401);
  });

  it('let exactly the allowed number of 100 attempts at once pass over two instances', async () => {
    const { host } = await service.tenant();
    const from = newAddress();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        attempt(index % 2 === 0 ? service : other, {
          host,
          email: `p${index}@acme.example`,
          from,
        }),
      ),
    );
    const passed = answers.filter(({ status }) => status !== 429);
    expect(statuses(passed)).toEqual(Array<number>(10).fill(401));
  });

  it('do not count refused attempts under any other rule', async () => {
    const { host } = await service.tenant();
    const from = newAddress();
    const email = 'bo@acme.example';
    await attempts(5, () => attempt(service, { host, email }));
    // Refused by the account's rule, so the address keeps all of its attempts.
    await attempts(20, () => attempt(service, { host, email, from }));
    const { headers } = await attempt(service, { host, email: 'cy@acme.example', from });
    expect(headers['ratelimit']).toContain('"auth:ip";r=9;');
  });

  it('count a /64 of IPv6 as one address', async () => {
    const { host } = await service.tenant();
    const from = (index: number) => `2001:db8:77:1:${index + 1}::${index + 1}`;
    const answers = await attempts(11, (index) =>
      attempt(service, { host, email: `v${index}@acme.example`, from: from(index) }),
    );
    expect(answers[10]?.status).toBe(429);
    const next = await attempt(service, {
      host,
      email: 'w@acme.example',
      from: '2001:db8:77:2::1',
    });
    expect(next.status).toBe(401);
  });

  it('refuse without a statement, a password hash or a look-up in Redis, once the refusal is known', async () => {
    const { host } = await service.tenant();
    const from = newAddress();
    const email = 'di@acme.example';
    await attempts(6, () => attempt(service, { host, email, from }));
    const database = service.app.get(TenantDatabase);
    const hasher = service.app.get(PasswordHasher, { strict: false });
    const spies = [
      vi.spyOn(database, 'lookup'),
      vi.spyOn(database, 'transaction'),
      vi.spyOn(hasher, 'verify'),
      vi.spyOn(hasher, 'verifyDummy'),
    ];
    const answers = await attempts(50, () => attempt(service, { host, email, from }));
    expect(new Set(statuses(answers))).toEqual(new Set([429]));
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it('share one budget among all routes that take a secret or make an account', async () => {
    const { host } = await service.tenant();
    const headers = { 'x-forwarded-for': newAddress() };
    const routes = [
      '/auth/register',
      '/auth/password/renew',
      '/platform/operators/activate',
      '/tenants',
    ];
    await attempts(10, (index) =>
      service.call('POST', routes[index % routes.length] ?? '', { host, headers, body: {} }),
    );
    const refused = await service.call('POST', '/auth/login', { host, headers, body: {} });
    expect(refused.status).toBe(429);
  });
});

describe('the limits of registrations', () => {
  it('let an invited user register although strangers have used up the attempts of the address', async () => {
    const { host } = await service.tenant();
    const register = (more: object = {}) =>
      service.call('POST', '/auth/register', {
        host,
        headers: { 'x-forwarded-for': newAddress() },
        body: { email: 'invited@acme.example', ...more },
      });
    const strangers = await attempts(4, () => register());
    expect(statuses(strangers)).toEqual([400, 400, 400, 429]);
    const invited = await attempts(4, () => register({ inviteToken: 'one' }));
    expect(statuses(invited)).toEqual([400, 400, 400, 429]);
    expect((await register({ inviteToken: 'two' })).status).toBe(400);
    for (const inviteToken of ['', 'x'.repeat(513), 1])
      expect((await register({ inviteToken })).status).toBe(429);
  });
});

describe('the limits of refreshes and changes of passwords', () => {
  it('count refreshes by the user of a valid token, not by that of a forged one', async () => {
    const tenant = await service.tenant();
    const user = await service.user(tenant.tenantId);
    const login = await attempt(service, { host: tenant.host, ...user });
    let { refreshToken } = login.data.tokens;
    const [head = '', claims = ''] = refreshToken.split('.');
    const forged = `${head}.${claims}.${'A'.repeat(43)}`;
    await attempts(20, () => service.refresh(forged));
    for (let refresh = 0; refresh < 10; refresh += 1) {
      const answer = await service.refresh(refreshToken);
      expect(answer.status).toBe(200);
      refreshToken = answer.data.refreshToken;
    }
    expect((await service.refresh(refreshToken)).status).toBe(429);
  });

  it('let a session refresh although the token of an ended session of the same user was sent often', async () => {
    const tenant = await service.tenant();
    const user = await service.user(tenant.tenantId);
    const [ended, open] = [
      await attempt(service, { host: tenant.host, ...user }),
      await attempt(service, { host: tenant.host, ...user }),
    ];
    const { accessToken: token, refreshToken } = ended.data.tokens;
    expect((await service.call('POST', '/auth/logout', { token })).status).toBeLessThan(300);
    const answers = await attempts(11, () => service.refresh(refreshToken));
    expect(statuses(answers)).toEqual([...Array<number>(10).fill(401), 429]);
    expect((await service.refresh(open.data.tokens.refreshToken)).status).toBe(200);
  });

  it('refuse the 21st change of a password of one user within five minutes', async () => {
    const tenant = await service.tenant();
    const user = await service.user(tenant.tenantId);
    const { data } = await attempt(service, { host: tenant.host, ...user });
    const answers = await attempts(21, () =>
      service.call('PUT', '/auth/password', { token: data.tokens.accessToken, body: {} }),
    );
    expect(statuses(answers)).toEqual([...Array<number>(20).fill(400), 429]);
  });
});

describe('the address of a client', () => {
  it('is not what a client without a trusted proxy says', async () => {
    const untrusting = await ServiceFixture.start({ ...TRUE_LIMITS, TRUSTED_PROXIES: '' });
    try {
      const { host } = await untrusting.tenant();
      const answers = await attempts(11, (index) =>
        attempt(untrusting, { host, email: `f${index}@acme.example` }),
      );
      expect(answers[10]?.status).toBe(429);
    } finally {
      await untrusting.stop();
    }
  });
});
