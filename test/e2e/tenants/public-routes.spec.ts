import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOOD_PASSWORD, type Login, ServiceFixture } from '../service.fixture.js';

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
});

afterAll(async () => {
  await service?.stop();
});

async function signedIn() {
  const tenant = await service.tenant();
  const user = await service.user(tenant.tenantId);
  const { tokens } = await service.login(tenant.host, user);
  return { ...tenant, user, token: tokens.accessToken };
}

const branding = (call: Parameters<ServiceFixture['call']>[2]) =>
  service.call<{ name: string }>('GET', '/tenants/branding', call);

describe('A valid token on a public route', () => {
  it('names the tenant, before header and parameter', async () => {
    const [mine, other] = [await signedIn(), await signedIn()];
    const { token } = mine;
    for (const call of [
      { token },
      { token, host: mine.host },
      { token, headers: { 'x-tenant-id': other.tenantId } },
      { token, query: { tenant_id: other.tenantId } },
    ])
      expect((await branding(call)).data).toMatchObject({ name: mine.name });
    const { email, password } = mine.user;
    const body = { email, password };
    const login = await service.call<Login>('POST', '/auth/login', { token, body });
    expect(login).toMatchObject({ status: 200, data: { user: { tenantId: mine.tenantId } } });
  });

  it('is refused at the host of another tenant', async () => {
    const [mine, other] = [await signedIn(), await signedIn()];
    const call = { token: mine.token, host: other.host };
    const { email } = other.user;
    const person = { email: 'new@example.com', firstName: 'Ana', lastName: 'Souza' };
    for (const answer of [
      await branding(call),
      await service.call('POST', '/auth/login', { ...call, body: { email, password: 'x' } }),
      await service.call('POST', '/auth/register', {
        ...call,
        body: { ...person, password: GOOD_PASSWORD },
      }),
    ])
      expect(answer).toMatchObject({ status: 403, error: { code: 'TENANT_MISMATCH' } });
    expect(await service.sql('SELECT 1 FROM users WHERE email = $1', [person.email])).toHaveLength(
      0,
    );
  });

  it('grants no rights', async () => {
    const { host, tenantId } = await service.tenant();
    const admin = await service.user(tenantId, { role: 'admin' });
    const { tokens } = await service.login(host, admin);
    const body = {
      email: 'new@example.com',
      password: GOOD_PASSWORD,
      firstName: 'Ana',
      lastName: 'Souza',
    };
    const token = tokens.accessToken;
    const answer = await service.call<Login>('POST', '/auth/register', { token, body });
    expect(answer).toMatchObject({ status: 201, data: { user: { role: 'user', tenantId } } });
  });
});

describe('A host of the greatest length', () => {
  const labels = Array<string>(3).fill('a'.repeat(63)).join('.');
  it.each([
    ['a subdomain of 63 characters', `${'a'.repeat(63)}.localhost`, 'INVALID_TENANT'],
    ['a subdomain of 64 characters', `${'a'.repeat(64)}.localhost`, 'TENANT_REQUIRED'],
    ['a subdomain of 240 characters', `${'a'.repeat(240)}.localhost`, 'TENANT_REQUIRED'],
    ['a domain of 253 characters', `${labels}.${'b'.repeat(61)}`, 'TENANT_REQUIRED'],
    ['a domain of 254 characters', `${labels}.${'b'.repeat(62)}`, 'TENANT_REQUIRED'],
    ['a domain of 20,000 characters', `${'a.'.repeat(9_999)}aa`, 'TENANT_REQUIRED'],
  ])('is an unknown one: %s', async (_what, host, code) => {
    expect((await branding({ host })).error.code).toBe(code);
    const { token, name } = await signedIn();
    expect(await branding({ host, token })).toMatchObject(
      code === 'INVALID_TENANT'
        ? { status: 403, error: { code: 'TENANT_MISMATCH' } }
        : { status: 200, data: { name } },
    );
  });
});

describe('An invalid token on a public route', () => {
  it('is ignored', async () => {
    const [mine, other] = [await signedIn(), await signedIn()];
    await service.call('POST', '/auth/logout', { token: mine.token });
    for (const headers of [
      { authorization: `Bearer ${mine.token}` },
      { authorization: `Bearer ${other.token.slice(0, -2)}AA` },
      { authorization: 'Bearer x' },
      { authorization: 'Bearer' },
      { authorization: 'Basic eDp5' },
    ]) {
      const answer = await branding({ host: other.host, headers });
      expect(answer).toMatchObject({ status: 200, data: { name: other.name } });
      expect((await branding({ headers })).error.code).toBe('TENANT_REQUIRED');
    }
  });

  it('of a suspended tenant is ignored', async () => {
    const [mine, other] = [await signedIn(), await signedIn()];
    await service.sql(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [mine.tenantId]);
    const answer = await branding({ host: other.host, token: mine.token });
    expect(answer).toMatchObject({ status: 200, data: { name: other.name } });
  });
});
