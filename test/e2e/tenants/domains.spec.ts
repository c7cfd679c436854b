import { randomUUID } from 'node:crypto';
import { ApiError } from '@poc-tracker/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { SecurityEvents } from '../../../apps/auth-service/src/audit/security-events.js';
import { TxtResolver } from '../../../apps/auth-service/src/tenant/domains/txt-resolver.js';
import { ServiceFixture } from '../service.fixture.js';

interface Domain {
  id: string;
  domain: string;
  proof: { name: string; type: string; value: string };
  verifiedAt: string | null;
  isCurrent: boolean;
}

let service: ServiceFixture;
/** The DNS of the test: TXT records by name. */
const zone = new Map<string, string[]>();

beforeAll(async () => {
  service = await ServiceFixture.start();
});

beforeEach(() => {
  zone.clear();
  vi.spyOn(service.app.get(TxtResolver, { strict: false }), 'txt').mockImplementation((name) =>
    Promise.resolve(zone.get(name) ?? []),
  );
});

afterEach(() => {
  vi.restoreAllMocks();
});

afterAll(async () => {
  await service?.stop();
});

async function admin() {
  const tenant = await service.tenant();
  const user = await service.user(tenant.tenantId, { role: 'admin' });
  const { tokens } = await service.login(tenant.host, user);
  return { ...tenant, token: tokens.accessToken };
}

const PATH = '/tenants/current/domains';
const request = (token: string, domain: unknown) =>
  service.call<Domain>('POST', PATH, { token, body: { domain } });
const verify = (token: string, id: string) =>
  service.call<Domain>('POST', `${PATH}/${id}/verify`, { token });
const list = (token: string) =>
  service.call<{ items: Domain[]; nextCursor: null }>('GET', PATH, { token });
const remove = (token: string, id: string) => service.call('DELETE', `${PATH}/${id}`, { token });
const publish = ({ proof }: Domain) => zone.set(proof.name, ['v=spf1 -all', proof.value]);

/** Returns the name of the tenant at a host, or the error code. */
async function at(host: string): Promise<string> {
  const answer = await service.call<{ name: string }>('GET', '/tenants/branding', { host });
  return answer.status === 200 ? answer.data.name : answer.error.code;
}

async function proven(token: string, domain: string): Promise<Domain> {
  const { data } = await request(token, domain);
  publish(data);
  const answer = await verify(token, data.id);
  expect(answer.status).toBe(200);
  return answer.data;
}

describe('A custom domain', () => {
  it('resolves to the tenant once it is verified, and not before', async () => {
    const recorded = vi.spyOn(service.app.get(SecurityEvents, { strict: false }), 'record');
    const { token, name } = await admin();
    const asked = await request(token, ' Login.ACME-1.Example. ');
    expect(asked).toMatchObject({
      status: 201,
      data: {
        domain: 'login.acme-1.example',
        proof: { name: '_poc-tracker-challenge.login.acme-1.example', type: 'TXT' },
        verifiedAt: null,
        isCurrent: false,
      },
    });
    expect(asked.data.proof.value).toMatch(/^poc-tracker-verification=[A-Za-z0-9_-]{43}$/);
    expect(await at('login.acme-1.example')).toBe('TENANT_REQUIRED');
    expect(await verify(token, asked.data.id)).toMatchObject({
      status: 409,
      error: { code: 'DOMAIN_NOT_VERIFIED', details: asked.data.proof },
    });
    zone.set(asked.data.proof.name, [
      asked.data.proof.value.slice(0, -1),
      'poc-tracker-verification=',
    ]);
    expect((await verify(token, asked.data.id)).status).toBe(409);
    expect(await at('login.acme-1.example')).toBe('TENANT_REQUIRED');
    publish(asked.data);
    expect(await verify(token, asked.data.id)).toMatchObject({
      status: 200,
      data: { verifiedAt: expect.any(String) as string, isCurrent: true },
    });
    await expect.poll(() => at('LOGIN.acme-1.example:443'), { timeout: 5_000 }).toBe(name);
    expect((await verify(token, asked.data.id)).status).toBe(200);
    const events = recorded.mock.calls.map(([{ type, details }]) => ({ type, ...details }));
    expect(events.filter(({ type }) => type.startsWith('tenant.'))).toEqual([
      { type: 'tenant.domain_requested', domain: 'login.acme-1.example' },
      { type: 'tenant.domain_verified', domain: 'login.acme-1.example' },
    ]);
  });

  it('that is requested twice keeps its proof', async () => {
    const { token } = await admin();
    const first = await request(token, 'twice.example');
    const second = await request(token, 'TWICE.example');
    expect(second.data).toEqual(first.data);
    expect((await list(token)).data).toEqual({ items: [first.data], nextCursor: null });
  });

  it('belongs to the tenant that verifies it first, however many request it at once', async () => {
    const rivals = await Promise.all(Array.from({ length: 5 }, admin));
    const asked = await Promise.all(rivals.map(({ token }) => request(token, 'contested.example')));
    const values = asked.map(({ data }) => data.proof.value);
    expect(new Set(values).size).toBe(5);
    zone.set('_poc-tracker-challenge.contested.example', values);
    const answers = await Promise.all(
      rivals.map(({ token }, index) => verify(token, asked[index]?.data.id ?? '')),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    for (const { status, error } of answers.filter((answer) => answer.status !== 200))
      expect([status, error.code]).toEqual([409, 'DOMAIN_TAKEN']);
    const winner = rivals[answers.findIndex(({ status }) => status === 200)];
    await expect.poll(() => at('contested.example'), { timeout: 5_000 }).toBe(winner?.name);
  });

  it('is not verified by the DNS record of another tenant', async () => {
    const [thief, owner] = [await admin(), await admin()];
    const theirs = await request(owner.token, 'owned.example');
    publish(theirs.data);
    const mine = await request(thief.token, 'owned.example');
    expect((await verify(thief.token, mine.data.id)).error.code).toBe('DOMAIN_NOT_VERIFIED');
  });

  it('resolves to the tenant like every other that it has verified', async () => {
    const [{ token, name }, rival] = [await admin(), await admin()];
    const domains = ['one.example', 'two.example', 'three.example'];
    for (const domain of domains) await proven(token, domain);
    await proven(rival.token, 'rival.example');
    for (const domain of domains) {
      expect(await at(domain)).toBe(name);
      const mine = await service.call('GET', '/auth/me', { token, host: domain });
      expect(mine.status).toBe(200);
      const theirs = await service.call('GET', '/auth/me', { token: rival.token, host: domain });
      expect(theirs.error.code).toBe('TENANT_MISMATCH');
    }
    const foreign = await service.call('GET', '/auth/me', { token, host: 'rival.example' });
    expect(foreign.error.code).toBe('TENANT_MISMATCH');
  });

  it('stops resolving when it is removed, and the others go on', async () => {
    const { token, name } = await admin();
    const first = await proven(token, 'first.example');
    const second = await proven(token, 'second.example');
    await expect.poll(() => at('second.example'), { timeout: 5_000 }).toBe(name);
    await expect.poll(() => at('first.example'), { timeout: 5_000 }).toBe(name);
    const isCurrent = async () =>
      (await list(token)).data.items.map(({ domain, isCurrent }) => [domain, isCurrent]);
    expect(await isCurrent()).toEqual([
      ['first.example', false],
      ['second.example', true],
    ]);
    const rival = await admin();
    const theirs = await request(rival.token, 'first.example');
    publish(theirs.data);
    expect((await verify(rival.token, theirs.data.id)).error.code).toBe('DOMAIN_TAKEN');
    expect((await remove(token, second.id)).status).toBe(200);
    await expect.poll(() => at('second.example'), { timeout: 5_000 }).toBe('TENANT_REQUIRED');
    expect(await at('first.example')).toBe(name);
    expect(await isCurrent()).toEqual([['first.example', true]]);
    expect((await remove(token, first.id)).status).toBe(200);
    await expect.poll(() => at('first.example'), { timeout: 5_000 }).toBe('TENANT_REQUIRED');
    expect((await remove(token, first.id)).status).toBe(404);
  });

  it('that was removed can be verified by another tenant', async () => {
    const [before, after] = [await admin(), await admin()];
    const { id } = await proven(before.token, 'moving.example');
    await remove(before.token, id);
    await proven(after.token, 'moving.example');
    await expect.poll(() => at('moving.example'), { timeout: 5_000 }).toBe(after.name);
  });

  it.each([
    'localhost',
    'acme',
    'com.br',
    '127.0.0.1',
    'poctracker.com',
    'other.poctracker.com',
    'https://acme.example',
    'acme.example/x',
    'x'.repeat(254),
    '',
    7,
    null,
    ['acme.example'],
    { $ne: '' },
  ])('is refused if it cannot belong to a tenant: %j', async (domain) => {
    const { token } = await admin();
    const answer = await request(token, domain);
    expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    expect((answer.error.details as { field: string }[])[0]?.field).toBe('domain');
  });

  it('counts toward a limit of 20, however many are requested at once', async () => {
    const { token } = await admin();
    const asked = Array.from({ length: 30 }, (_, index) => request(token, `d${index}.example`));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(20);
    expect(statuses.filter((status) => status === 400)).toHaveLength(10);
    const known = (await list(token)).data.items;
    expect(known).toHaveLength(20);
    // Requesting a known domain again does not count.
    expect((await request(token, known[0]?.domain)).status).toBe(201);
  });

  it('stays pending when DNS does not answer', async () => {
    const { token } = await admin();
    const { data } = await request(token, 'slow.example');
    vi.mocked(service.app.get(TxtResolver, { strict: false }).txt).mockRejectedValueOnce(
      new ApiError('SERVICE_UNAVAILABLE', { retryAfter: 10 }),
    );
    const answer = await verify(token, data.id);
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
  });

  it('is not visible to other tenants or without the permission', async () => {
    const [mine, other] = [await admin(), await admin()];
    const { data } = await request(mine.token, 'mine.example');
    publish(data);
    for (const id of [data.id, randomUUID()]) {
      expect((await verify(other.token, id)).status).toBe(404);
      expect((await remove(other.token, id)).status).toBe(404);
    }
    expect((await verify(other.token, 'x')).status).toBe(400);
    expect((await list(other.token)).data.items).toEqual([]);
    const user = await service.user(mine.tenantId, { role: 'manager' });
    const { tokens } = await service.login(mine.host, user);
    for (const answer of [
      await list(tokens.accessToken),
      await request(tokens.accessToken, 'a.example'),
      await verify(tokens.accessToken, data.id),
      await remove(tokens.accessToken, data.id),
    ])
      expect(answer.error.code).toBe('INSUFFICIENT_PERMISSIONS');
  });

  it('cannot be set in the branding without verification, not even with SQL', async () => {
    const { tenantId } = await admin();
    await expect(
      service.sql(
        `UPDATE tenants SET branding = branding || '{"custom_domain": "evil.example"}' WHERE id = $1`,
        [tenantId],
      ),
    ).rejects.toMatchObject({ constraint: 'tenants_custom_domain_verified' });
  });
});
