import { describe, expect, it } from 'vitest';
import { attempt, attempts, statuses } from '../limits/limits.fixture.js';
import { asOperator, service, usePlatform } from './platform.fixture.js';

usePlatform();

interface Limits {
  rules: { name: string; value: string; source: string; shadow: boolean }[];
}

const update = (tenantId: string, body: object) =>
  asOperator<Limits>('PUT', `/tenants/${tenantId}/rate-limits`, body);

const tries = async (host: string, email: string, count: number) =>
  statuses(await attempts(count, () => attempt(service, { host, email })));

describe('the rate limits of a tenant', () => {
  it('are set by operators, apply at once to that tenant alone, and are removed again', async () => {
    const [tenant, other] = [await service.tenant(), await service.tenant()];
    const strict = { rules: [{ name: 'login:user', value: '2/900' }], shadow: [] };
    expect((await update(tenant.tenantId, strict)).status).toBe(200);
    expect(await tries(tenant.host, 'a@acme.example', 3)).toEqual([401, 401, 429]);
    expect(await tries(other.host, 'a@acme.example', 3)).toEqual([401, 401, 401]);
    expect((await update(tenant.tenantId, { rules: [], shadow: [] })).status).toBe(200);
    expect(await tries(tenant.host, 'a@acme.example', 3)).toEqual([401, 401, 401]);
  });

  it('apply to refreshes and to sessions that are open', async () => {
    const tenant = await service.tenant();
    const user = await service.user(tenant.tenantId);
    const { tokens } = await service.login(tenant.host, user);
    const rules = [
      { name: 'refresh:user', value: '1/900' },
      { name: 'reads:user', value: '1/900' },
    ];
    await update(tenant.tenantId, { rules, shadow: [] });
    const token = tokens.accessToken;
    const read = () => service.call('GET', '/auth/me', { token });
    await expect.poll(async () => (await read()).status, { timeout: 10_000 }).toBe(429);
    const refreshed = await service.refresh(tokens.refreshToken);
    expect(refreshed.status).toBe(200);
    expect((await service.refresh(refreshed.data.refreshToken)).status).toBe(429);
  });

  it('by address neither use nor refuse what the address may do in other tenants', async () => {
    const [tenant, other] = [await service.tenant(), await service.tenant()];
    const from = '198.51.100.77';
    const answers = (host: string, count: number) =>
      attempts(count, (index) => attempt(service, { host, email: `a${index}@acme.example`, from }));
    const rules = [{ name: 'auth:ip', value: '2/900' }];
    await update(tenant.tenantId, { rules, shadow: [] });
    expect(statuses(await answers(other.host, 3))).toEqual([401, 401, 401]);
    expect(statuses(await answers(tenant.host, 3))).toEqual([401, 401, 429]);
    expect(statuses(await answers(other.host, 1))).toEqual([401]);
    expect(statuses(await answers(tenant.host, 1))).toEqual([429]);
  });

  it('can be in shadow mode', async () => {
    const tenant = await service.tenant();
    const rules = [{ name: 'login:user', value: '1/900' }];
    await update(tenant.tenantId, { rules, shadow: ['login:user'] });
    expect(await tries(tenant.host, 'a@acme.example', 3)).toEqual([401, 401, 401]);
  });

  it('are read by its admins with their source, and leave an entry in its audit log', async () => {
    const tenant = await service.tenant();
    const admin = await service.user(tenant.tenantId, { role: 'admin' });
    const { tokens } = await service.login(tenant.host, admin);
    const body = { rules: [{ name: 'uploads:user', value: 'off' }], shadow: ['auth:ip'] };
    const answer = await update(tenant.tenantId, body);
    const expected = expect.arrayContaining([
      { name: 'uploads:user', value: 'off', source: 'tenant', shadow: false },
      { name: 'auth:ip', value: '1000000/60', source: 'settings', shadow: true },
    ]) as unknown;
    expect(answer.data.rules).toEqual(expected);
    const token = tokens.accessToken;
    const read = async () =>
      (await service.call<Limits>('GET', '/tenants/current/rate-limits', { token })).data.rules;
    await expect.poll(read, { timeout: 10_000 }).toEqual(expected);
    const stored = await asOperator<Limits>('GET', `/tenants/${tenant.tenantId}/rate-limits`);
    expect(stored.data.rules).toEqual(expected);
    const [event] = await service.sql<{ details: unknown }>(
      `SELECT details FROM security_events WHERE tenant_id = $1 AND type = 'tenant.rate_limits_changed'`,
      [tenant.tenantId],
    );
    expect(event?.details).toEqual({ rules: { 'uploads:user': 'off' }, shadow: ['auth:ip'] });
  });

  it.each([
    [{ rules: [{ name: 'logins', value: '2/900' }], shadow: [] }, 'rules.0.name'],
    [{ rules: [{ name: 'login:user', value: '0/900' }], shadow: [] }, 'rules.0.value'],
    [{ rules: [{ name: 'login:user', value: '5/86401' }], shadow: [] }, 'rules.0.value'],
    [{ rules: [], shadow: ['all'] }, 'shadow'],
    [{ rules: [] }, 'shadow'],
  ])('are refused if they are wrong: %j', async (body, field) => {
    const { tenantId } = await service.tenant();
    const answer = await update(tenantId, body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.error.details)).toContain(`"field":"${field}`);
  });
});
