import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PasswordHasher } from '../../../apps/auth-service/src/protection/passwords/password.hasher.js';
import { type Answer, GOOD_PASSWORD, type Login, ServiceFixture } from '../service.fixture.js';

/** Public addresses that any database of countries knows. */
const BRAZIL = '200.160.2.3';
const BRAZIL_IPV6 = '2001:12ff::7';
const USA = '8.8.8.8';
const USA_IPV6 = '2001:4860:4860::8888';
const PRIVATE = '10.1.2.3';
const UNKNOWN = '192.0.2.9';

const REFUSED = {
  error: 'The tenant does not allow log-ins from your location.',
  code: 'LOCATION_NOT_ALLOWED',
  status: 403,
};

let service: ServiceFixture;
let other: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start({ TRUSTED_PROXIES: '127.0.0.1' });
  other = await service.restarted();
});

afterAll(async () => {
  await other?.app.close();
  await service?.stop();
});

interface Attempt {
  host: string;
  email: string;
  password?: string;
  from: string;
}

const logIn = ({ host, email, password = GOOD_PASSWORD, from }: Attempt, on = service) =>
  on.call<Login>('POST', '/auth/login', {
    host,
    body: { email, password },
    headers: { 'x-forwarded-for': from },
  });

const change = (token: string, security: object, from = BRAZIL) =>
  service.call('PATCH', '/tenants/current/settings', {
    token,
    body: { security },
    headers: { 'x-forwarded-for': from },
  });

/** A tenant with this policy, its admin and a user. */
async function tenantWith(security: object) {
  const tenant = await service.tenant();
  const admin = await service.user(tenant.tenantId, { role: 'admin' });
  const user = await service.user(tenant.tenantId);
  const { host } = tenant;
  const { tokens } = (await logIn({ host, ...admin, from: BRAZIL })).data;
  const changed = await change(tokens.accessToken, security);
  expect(changed.status).toBe(200);
  return { ...tenant, admin, user, token: tokens.accessToken };
}

const enforcing = () => tenantWith({ countryPolicy: 'enforce' });

const outcome = ({ status, error }: Answer): string => (status < 300 ? 'allowed' : error.code);

const eventsOf = (tenantId: string, type: string) =>
  service.sql<{ result: string; target_id: string | null; details: Record<string, unknown> }>(
    'SELECT result, target_id, details FROM security_events WHERE tenant_id = $1 AND type = $2 ORDER BY id',
    [tenantId, type],
  );

describe('an enforced country policy', () => {
  it.each([
    ['Brazil', BRAZIL, 'allowed'],
    ['Brazil, in IPv6', BRAZIL_IPV6, 'allowed'],
    ['Brazil, in IPv4 that is mapped to IPv6', `::ffff:${BRAZIL}`, 'allowed'],
    ['a country that is not allowed', USA, 'LOCATION_NOT_ALLOWED'],
    ['a country that is not allowed, in IPv6', USA_IPV6, 'LOCATION_NOT_ALLOWED'],
    ['a country that is not allowed, mapped', `::ffff:${USA}`, 'LOCATION_NOT_ALLOWED'],
    ['a private network', PRIVATE, 'allowed'],
    ['an unknown network', UNKNOWN, 'allowed'],
  ])('answers a log-in from %s', async (_where, from, expected) => {
    const { host, user } = await enforcing();
    expect(outcome(await logIn({ host, ...user, from }))).toBe(expected);
  });

  it('refuses right and wrong passwords, known and unknown accounts alike, without hashing and without a country', async () => {
    const { host, user } = await enforcing();
    const hash = vi.spyOn(PasswordHasher.prototype, 'verify');
    try {
      const answers = [
        await logIn({ host, ...user, from: USA }),
        await logIn({ host, email: user.email, password: 'a wrong password', from: USA }),
        await logIn({ host, email: 'unknown@acme.example', from: USA }),
      ];
      for (const { text } of answers) {
        const { requestId, ...body } = JSON.parse(text) as Record<string, unknown>;
        expect(requestId).toEqual(expect.any(String));
        expect(body).toEqual(REFUSED);
        expect(text.replace(/"requestId":"[^"]*"/, '')).not.toMatch(/US|United|BR/);
      }
      expect(hash).not.toHaveBeenCalled();
    } finally {
      hash.mockRestore();
    }
  });

  it('does not apply to another tenant, whatever tenant the request tries to name', async () => {
    const strict = await enforcing();
    const open = await tenantWith({ countryPolicy: 'off' });
    expect(outcome(await logIn({ host: open.host, ...open.user, from: USA }))).toBe('allowed');
    const disguised = await service.call('POST', '/auth/login', {
      host: strict.host,
      body: { email: strict.user.email, password: GOOD_PASSWORD },
      headers: { 'x-forwarded-for': USA, 'x-tenant-id': open.tenantId },
      query: { tenant_id: open.tenantId },
    });
    expect(disguised.error.code).toBe('LOCATION_NOT_ALLOWED');
  });

  it('refuses a registration, with and without an invitation', async () => {
    const { host, tenantId, token } = await enforcing();
    const invited = await service.call<{ token: string }>('POST', '/auth/invitations', {
      token,
      body: { email: 'bia@acme.example', role: 'user' },
      headers: { 'x-forwarded-for': BRAZIL },
    });
    const register = (from: string, inviteToken?: string) =>
      service.call('POST', '/auth/register', {
        host,
        body: {
          email: 'bia@acme.example',
          password: GOOD_PASSWORD,
          firstName: 'Bia',
          lastName: 'Reis',
          ...(inviteToken !== undefined && { inviteToken }),
        },
        headers: { 'x-forwarded-for': from },
      });
    expect(outcome(await register(USA))).toBe('LOCATION_NOT_ALLOWED');
    expect(outcome(await register(USA, invited.data.token))).toBe('LOCATION_NOT_ALLOWED');
    expect(outcome(await register(BRAZIL, invited.data.token))).toBe('allowed');
    const refused = { reason: 'LOCATION_NOT_ALLOWED', country: 'US' };
    const events = await eventsOf(tenantId, 'user.registered');
    expect(events.filter(({ result }) => result === 'failure')).toEqual([
      { result: 'failure', target_id: null, details: refused },
      { result: 'failure', target_id: null, details: refused },
    ]);
  });

  it('refuses to replace a temporary password', async () => {
    const { host, user, token } = await enforcing();
    const reset = await service.call<{ temporaryPassword: string }>(
      'POST',
      `/auth/users/${user.userId}/reset-password`,
      { token, headers: { 'x-forwarded-for': BRAZIL } },
    );
    const renew = (from: string) =>
      service.call('POST', '/auth/password/renew', {
        host,
        body: {
          email: user.email,
          currentPassword: reset.data.temporaryPassword,
          newPassword: 'cinco barcos dormem cedo',
        },
        headers: { 'x-forwarded-for': from },
      });
    expect(outcome(await renew(USA))).toBe('LOCATION_NOT_ALLOWED');
    expect(outcome(await renew(BRAZIL))).toBe('allowed');
  });

  it('refuses a refresh, and neither spends the token nor ends the session', async () => {
    const { host, tenantId, user } = await enforcing();
    const { tokens } = (await logIn({ host, ...user, from: BRAZIL })).data;
    const refresh = (from: string) =>
      service.call<Login>('POST', '/auth/refresh', {
        body: { refreshToken: tokens.refreshToken },
        headers: { 'x-forwarded-for': from },
      });
    expect((await refresh(USA)).error).toMatchObject(REFUSED);
    expect(await service.probe(tokens.accessToken)).toBe('accepted');
    expect(outcome(await refresh(BRAZIL))).toBe('allowed');
    expect(await eventsOf(tenantId, 'refresh.refused')).toEqual([
      {
        result: 'failure',
        target_id: expect.any(String),
        details: { reason: 'LOCATION_NOT_ALLOWED', country: 'US' },
      },
    ]);
  });

  it('refuses a change of the password, which would open a session', async () => {
    const { host, user } = await enforcing();
    const { tokens } = (await logIn({ host, ...user, from: BRAZIL })).data;
    const changePassword = (from: string) =>
      service.call('PUT', '/auth/password', {
        token: tokens.accessToken,
        body: { currentPassword: user.password, newPassword: 'cinco barcos dormem cedo' },
        headers: { 'x-forwarded-for': from },
      });
    expect(outcome(await changePassword(USA))).toBe('LOCATION_NOT_ALLOWED');
    expect(outcome(await changePassword(BRAZIL))).toBe('allowed');
  });

  it('applies to every instance within moments, and no longer once it is off', async () => {
    const { host, user, token } = await tenantWith({ countryPolicy: 'off' });
    const elsewhere = async () => outcome(await logIn({ host, ...user, from: USA }, other));
    expect(await elsewhere()).toBe('allowed');
    await change(token, { countryPolicy: 'enforce' });
    await expect.poll(elsewhere, { timeout: 5_000, interval: 20 }).toBe('LOCATION_NOT_ALLOWED');
    await change(token, { countryPolicy: null });
    await expect.poll(elsewhere, { timeout: 5_000, interval: 20 }).toBe('allowed');
  });

  it('records ten refusals of an address in a minute and counts the others', async () => {
    const { host, tenantId } = await enforcing();
    for (let index = 0; index < 30; index += 1)
      await logIn({ host, email: `x${index}@acme.example`, from: USA });
    const events = await eventsOf(tenantId, 'login.failed');
    expect(events).toHaveLength(10);
    for (const { details, target_id: target } of events) {
      expect(details).toEqual({ reason: 'LOCATION_NOT_ALLOWED', country: 'US' });
      expect(target).toBeNull();
    }
  });
});

describe('an observed country policy', () => {
  it('lets everyone in, and records who would be refused', async () => {
    const { host, tenantId, user } = await tenantWith({ countryPolicy: 'observe' });
    expect(outcome(await logIn({ host, ...user, from: USA }))).toBe('allowed');
    await logIn({ host, email: user.email, password: 'a wrong password', from: USA });
    const succeeded = await eventsOf(tenantId, 'login.succeeded');
    expect(succeeded.map(({ details }) => details)).toEqual([
      expect.objectContaining({ country: 'BR' }),
      expect.objectContaining({ country: 'US', countryPolicy: 'would_refuse' }),
    ]);
    expect(succeeded[0]?.details).not.toHaveProperty('countryPolicy');
    const [failed] = await eventsOf(tenantId, 'login.failed');
    expect(failed?.details).toMatchObject({
      reason: 'INVALID_CREDENTIALS',
      country: 'US',
      countryPolicy: 'would_refuse',
    });
  });
});

describe('without a trusted proxy', () => {
  let direct: ServiceFixture;

  beforeAll(async () => {
    direct = await ServiceFixture.start({}, service.database);
  });

  afterAll(async () => {
    await direct?.app.close();
  });

  it('a forged X-Forwarded-For names no country', async () => {
    const { host, user, tenantId } = await enforcing();
    expect(outcome(await logIn({ host, ...user, from: USA }, direct))).toBe('allowed');
    const events = await eventsOf(tenantId, 'login.succeeded');
    expect(events.at(-1)?.details).not.toHaveProperty('country');
  });

  it('a forged X-Forwarded-For does not take a client out of its country', async () => {
    const { host, user } = await enforcing();
    const response = await direct.app.inject({
      method: 'POST',
      url: '/api/v1/auth/login',
      remoteAddress: USA,
      headers: { host, 'x-forwarded-for': BRAZIL },
      payload: { email: user.email, password: GOOD_PASSWORD },
    });
    expect(response.json()).toMatchObject(REFUSED);
  });
});

describe('the settings of the country policy', () => {
  const fields = async (answer: Promise<Answer>) => (await answer).error.details;
  const OWN = 'must not refuse the country of your own address';

  it.each([
    [{ countryPolicy: 'enforce' }, USA, 'security.countryPolicy'],
    [{ countryPolicy: 'enforce', allowedCountries: ['AR'] }, BRAZIL, 'security.allowedCountries'],
    [{ countryPolicy: 'enforce', deniedCountries: ['BR'] }, BRAZIL, 'security.deniedCountries'],
  ])('cannot be %j for an admin whom they would refuse', async (security, from, field) => {
    const { token } = await tenantWith({ countryPolicy: 'observe' });
    expect(await fields(change(token, security, from))).toEqual([{ field, message: OWN }]);
    expect((await change(token, { ...security, countryPolicy: 'observe' }, from)).status).toBe(200);
  });

  it('do not hinder an admin who is abroad from changing others', async () => {
    const { token } = await enforcing();
    expect((await change(token, { maxSessions: 5 }, USA)).status).toBe(200);
  });

  it('name each wrong element', async () => {
    const { token } = await tenantWith({ countryPolicy: 'off' });
    expect(
      await fields(
        change(token, {
          countryPolicy: 'on',
          allowedCountries: ['BR', 'br'],
          deniedCountries: ['US', 'DE', 'US'],
        }),
      ),
    ).toEqual([
      { field: 'security.countryPolicy', message: 'must be one of off, observe, enforce' },
      {
        field: 'security.allowedCountries.1',
        message: 'must be an ISO 3166-1 alpha-2 code such as BR',
      },
      { field: 'security.deniedCountries.2', message: 'must not be in the list twice' },
    ]);
  });
});
