import { Controller, Get, Module } from '@nestjs/common';
import { RequireFeature } from '@poc-tracker/auth-kit';
import { GIBIBYTE } from '@poc-tracker/contracts';
import { createHttpApp, createLogger } from '@poc-tracker/http-service';
import { registerRequestContext, uuidv7 } from '@poc-tracker/tenancy';
import { createTestDatabase } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppModule } from '../../../apps/auth-service/src/app.module.js';
import { testConfig } from '../../../apps/auth-service/src/config/test-config.js';
import { EntitlementService } from '../../../apps/auth-service/src/tenant/entitlements/entitlement.service.js';
import type { EntitlementsResponse } from '../../../apps/auth-service/src/tenant/entitlements/entitlement.response.js';
import type { TenantUsageResponse } from '../../../apps/auth-service/src/tenant/entitlements/tenant-usage.response.js';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { type Answer, ServiceFixture } from '../service.fixture.js';
import { toApiError } from '../../../apps/auth-service/src/constraint-codes.js';

let service: ServiceFixture;
let platform: PlatformDatabase;

beforeAll(async () => {
  service = await ServiceFixture.start();
  platform = new PlatformDatabase({ url: service.database.platformUrl, tls: false });
});

afterAll(async () => {
  await platform.close();
  await service.stop();
});

async function signedIn(overrides: Parameters<ServiceFixture['tenant']>[0] = {}, role = 'admin') {
  const tenant = await service.tenant({ features: {}, ...overrides });
  const user = await service.user(tenant.tenantId, { role: role as 'admin' | 'user' });
  const { tokens } = await service.login(tenant.host, user);
  return { ...tenant, user, token: tokens.accessToken };
}

function entitlements(token: string): Promise<Answer<EntitlementsResponse>> {
  return service.call<EntitlementsResponse>('GET', '/tenants/current/entitlements', { token });
}

function changePlan(tenantId: string, change: Parameters<EntitlementService['changePlan']>[2]) {
  return platform.transaction({ tenantId, operatorId: null }, (transaction) =>
    service.app.get(EntitlementService).changePlan(transaction, tenantId, change),
  );
}

describe('GET /tenants/current/entitlements', () => {
  it('returns features and limits with their sources and the usage of each limit', async () => {
    const { token } = await signedIn({ maxUsers: 4, features: { api_access: true } });
    const { data } = await entitlements(token);
    expect(data.plan).toBe('basic');
    expect(data.features.find(({ name }) => name === 'api_access')).toEqual({
      name: 'api_access',
      enabled: true,
      source: 'tenant',
      plans: ['pro', 'enterprise'],
    });
    expect(data.features.find(({ name }) => name === 'real_time_dojos')).toMatchObject({
      enabled: true,
      source: 'plan',
    });
    expect(data.limits).toEqual([
      { name: 'maxUsers', value: 4, source: 'tenant', used: 0.25 },
      { name: 'maxPocs', value: 100, source: 'plan', used: 0 },
      { name: 'maxStorageGb', value: 5, source: 'plan', used: 0 },
    ]);
  });

  it('omits the usage for users without the permission to see it', async () => {
    const { token } = await signedIn({}, 'user');
    const { status, data } = await entitlements(token);
    expect(status).toBe(200);
    expect(data.limits.map(({ used }) => used)).toEqual([null, null, null]);
  });

  it('requires a token', async () => {
    expect((await service.call('GET', '/tenants/current/entitlements')).status).toBe(401);
  });
});

describe('GET /tenants/current/usage', () => {
  it('warns about limits that are nearly or fully used, and since when', async () => {
    const { token, tenantId } = await signedIn({ maxUsers: 5 });
    const read = async () =>
      (await service.call<TenantUsageResponse>('GET', '/tenants/current/usage', { token })).data;
    expect(await read()).toEqual({
      users: { used: 1, limit: 5 },
      pocs: { used: 0, limit: 100 },
      storageBytes: { used: 0, limit: 5 * GIBIBYTE },
      storageGb: { used: 0, limit: 5 },
      activeSessions: 1,
      withinLimits: true,
      warnings: [],
    });
    for (let n = 0; n < 3; n += 1) await service.user(tenantId);
    const [warning] = (await read()).warnings;
    expect(warning).toMatchObject({ resource: 'users', level: 'warning', used: 4, limit: 5 });
    expect(Date.now() - Date.parse(warning?.since ?? '')).toBeLessThan(60_000);
    await service.user(tenantId);
    expect(await read()).toMatchObject({
      withinLimits: true,
      warnings: [{ level: 'reached', used: 5, limit: 5 }],
    });
    await service.sql('UPDATE tenants SET max_users = 4 WHERE id = $1', [tenantId]);
    expect((await read()).withinLimits).toBe(false);
  });

  it('shows storage in bytes and in GiB', async () => {
    const { token, tenantId } = await signedIn();
    await service.sql('UPDATE tenant_usage SET storage_bytes = $2 WHERE tenant_id = $1', [
      tenantId,
      5.25 * GIBIBYTE + 1,
    ]);
    const { data } = await service.call('GET', '/tenants/current/usage', { token });
    expect(data).toMatchObject({
      storageBytes: { used: 5.25 * GIBIBYTE + 1, limit: 5 * GIBIBYTE },
      storageGb: { used: 5.25, limit: 5 },
      withinLimits: false,
    });
  });
});

describe('A plan change by an operator', () => {
  it('changes the limits of the plan and keeps those that were set for the tenant', async () => {
    const { token, tenantId } = await signedIn();
    await changePlan(tenantId, { limits: { maxPocs: 7 }, features: { advanced_analytics: true } });
    await changePlan(tenantId, { plan: 'pro' });
    const { data } = await entitlements(token);
    expect(data.limits).toMatchObject([
      { value: 100, source: 'plan' },
      { value: 7, source: 'tenant' },
      { value: 50, source: 'plan' },
    ]);
    expect(data.features.filter(({ enabled }) => enabled)).toHaveLength(4);
    await changePlan(tenantId, { limits: { maxPocs: null } });
    expect((await entitlements(token)).data.limits[1]).toMatchObject({
      value: 1_000,
      source: 'plan',
    });
  });

  it('keeps a limit that was set for the tenant and equals that of the old plan', async () => {
    const { tenantId } = await signedIn();
    await changePlan(tenantId, { limits: { maxUsers: 10 } });
    const { limits } = await changePlan(tenantId, { plan: 'enterprise' });
    expect(limits[0]).toMatchObject({ value: 10, source: 'tenant' });
  });

  it('below the current usage deletes nothing, reports what is exceeded and refuses growth', async () => {
    const { tenantId, host } = await signedIn({ planType: 'pro', maxUsers: 100 });
    await service.user(tenantId);
    const changed = await changePlan(tenantId, { plan: 'basic', limits: { maxUsers: 1 } });
    expect(changed).toMatchObject({
      exceeded: [{ limit: 'maxUsers', used: 2, allowed: 1 }],
      lostFeatures: ['video_generation', 'api_access'],
    });
    const refused = await service.call('POST', '/auth/register', {
      host,
      body: {
        email: 'new@example.com',
        password: 'quatro cavalos pastam longe',
        firstName: 'Nova',
        lastName: 'Pessoa',
      },
    });
    expect(refused.error).toMatchObject({
      code: 'USER_LIMIT_EXCEEDED',
      details: { limits: { maxUsers: 1 }, usage: { users: 2, pocs: 0, storageGb: 0 } },
    });
  });

  it('ends or renews a subscription only if the request says so', async () => {
    const { tenantId, token } = await signedIn();
    const write = () =>
      service.call('PATCH', '/tenants/current/settings', {
        token,
        body: { theme: { darkMode: true } },
      });
    const status = (expected: number) =>
      expect.poll(async () => (await write()).status, { timeout: 5_000 }).toBe(expected);
    const endsAt = async () =>
      (
        await service.call<{ subscriptionEndsAt: string | null }>('GET', '/tenants/current', {
          token,
        })
      ).data.subscriptionEndsAt;
    await changePlan(tenantId, { subscriptionEndsAt: '2026-01-01T00:00:00-03:00' });
    await status(403);
    expect((await write()).error.code).toBe('SUBSCRIPTION_ENDED');
    await changePlan(tenantId, { plan: 'pro' });
    expect(await endsAt()).toBe('2026-01-01T03:00:00.000Z');
    await changePlan(tenantId, { subscriptionEndsAt: null });
    await status(200);
    expect(await endsAt()).toBeNull();
  });

  it('refuses an unknown tenant', async () => {
    await expect(changePlan(uuidv7(), { plan: 'pro' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

@Controller('probe')
class ApiProbeController {
  @Get('api')
  @RequireFeature('api_access')
  api(): string {
    return 'served';
  }
}

describe('A route that requires a feature', () => {
  it('follows a change of the tenant within a second, without a new token', async () => {
    const database = await createTestDatabase();
    const config = testConfig(database);
    @Module({ imports: [AppModule.forConfig(config)], controllers: [ApiProbeController] })
    class ProbedModule {}
    const app = await createHttpApp(ProbedModule, {
      settings: config.http,
      logger: createLogger(config.logLevel),
      requestId: uuidv7,
      translateError: toApiError,
      prepare: registerRequestContext,
    });
    await app.init();
    const probed = await ServiceFixture.around(database, app);
    try {
      const tenant = await probed.tenant({ planType: 'pro', features: {} });
      const user = await probed.user(tenant.tenantId);
      const { tokens } = await probed.login(tenant.host, user);
      const call = () => probed.call('GET', '/probe/api', { token: tokens.accessToken });
      const set = (features: object) =>
        probed.sql('UPDATE tenants SET features = $2 WHERE id = $1', [
          tenant.tenantId,
          JSON.stringify(features),
        ]);
      expect((await call()).status).toBe(200);
      await set({ api_access: false });
      const off = await within(1_000, call, ({ status }) => status === 403);
      expect(off.error).toMatchObject({
        code: 'FEATURE_NOT_AVAILABLE',
        details: { feature: 'api_access', availableIn: ['pro', 'enterprise'] },
      });
      await set({});
      await within(1_000, call, ({ status }) => status === 200);
    } finally {
      await probed.stop();
    }
  });
});

/** Asks until the answer is the expected one, and returns the last answer after the deadline. */
async function within<T>(
  ms: number,
  ask: () => Promise<T>,
  expected: (answer: T) => boolean,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (expected(answer)) return answer;
    if (Date.now() > deadline)
      throw new Error(`Not within ${ms} ms; the last answer: ${JSON.stringify(answer)}`);
  }
}
