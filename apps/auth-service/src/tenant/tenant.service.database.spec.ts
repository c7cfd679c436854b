import { randomUUID } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  permissionsOfRole,
  type Plan,
  PLAN_CATALOGUE,
  PLANS,
  type Role,
} from '@poc-tracker/contracts';
import { ConfigModule } from '@poc-tracker/http-service';
import { contextWithoutRights, TenancyModule, TenantDatabase, uuidv7 } from '@poc-tracker/tenancy';
import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditModule } from '../audit/audit.module.js';
import { APP_CONFIG } from '../config/app-config.js';
import { testConfig } from '../config/test-config.js';
import { ScheduleModule } from '../schedule/schedule.module.js';
import { StubAuthModule } from './stub-auth.fixture.js';
import { TENANT_ENTITIES } from './tenant.entity.js';
import { TenantModule } from './tenant.module.js';
import { TenantService } from './tenant.service.js';
import { toApiError } from '../constraint-codes.js';
import { RedisModule } from '../redis/redis.module.js';
import { SECURITY_DEFAULTS } from './settings/security-defaults.fixture.js';

describe('TenantService', () => {
  let db: TestDatabase;
  let module: TestingModule;
  let database: TenantDatabase;
  let tenants: TenantService;

  beforeAll(async () => {
    db = await createTestDatabase();
    const config = testConfig(db);
    const { serviceUrl, platformUrl, poolMin, poolMax, tls } = config.database;
    module = await Test.createTestingModule({
      imports: [
        ConfigModule.of(APP_CONFIG, config),
        TenancyModule.forRoot({
          serviceUrl,
          platformUrl,
          poolMin,
          poolMax,
          tls,
          requestTimeoutMs: 5_000,
          entities: TENANT_ENTITIES,
        }),
        StubAuthModule,
        AuditModule,
        ScheduleModule,
        RedisModule.forRoot(undefined),
        TenantModule,
      ],
    }).compile();
    await module.init();
    database = module.get(TenantDatabase, { strict: false });
    tenants = module.get(TenantService);
  });

  afterAll(async () => {
    await module.close();
    await db.drop();
  });

  function as<T>(tenantId: string, work: () => Promise<T>, role: Role = 'admin'): Promise<T> {
    const permissions = permissionsOfRole(role);
    return database.transaction({ tenantId, userId: randomUUID(), role, permissions }, work);
  }

  function create(subdomain: string, plan: Plan = 'basic', id = uuidv7()) {
    return database.transaction(contextWithoutRights(id), () =>
      tenants.create(database, { id, name: `${subdomain} Ltda`, subdomain, plan }),
    );
  }

  it.each(PLANS)('creates a tenant with the limits and features of the plan %s', async (plan) => {
    const tenant = await create(`plan-${plan}`, plan);
    const { features, limits } = PLAN_CATALOGUE[plan];
    expect(tenant).toMatchObject({ plan, features, limits, status: 'active', customDomain: null });
    expect(await as(tenant.id, () => tenants.current())).toMatchObject({
      planType: plan,
      features,
      limits,
    });
  });

  it('writes the default settings and branding with a new tenant', async () => {
    const { id } = await create('fresh');
    const rows = await db.sql<{ setting_key: string; setting_value: unknown }>(
      'SELECT setting_key, setting_value FROM tenant_settings WHERE tenant_id = $1',
      [id],
    );
    expect(Object.fromEntries(rows.map((row) => [row.setting_key, row.setting_value]))).toEqual({
      theme: { primaryColor: '#2563eb', darkMode: false },
      notifications: { email: true, browser: true },
      security: SECURITY_DEFAULTS,
      features: { allowPublicPocs: false, enableCollaboration: true },
    });
    expect(await as(id, () => tenants.current())).toMatchObject({
      id,
      name: 'fresh Ltda',
      subdomain: 'fresh',
      status: 'active',
      branding: { logoUrl: null, primaryColor: '#2563eb', customDomain: null },
      settings: { security: { sessionTimeout: 24 } },
      createdAt: expect.any(Date) as Date,
    });
  });

  it('creates one tenant when twenty parallel requests use the same subdomain', async () => {
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => create('wanted')));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(19);
    expect(refused.map(({ reason }) => toApiError(reason)?.code)).toEqual(
      Array.from({ length: 19 }, () => 'TENANT_EXISTS'),
    );
    const rows = await db.sql(`SELECT count(*)::int AS settings FROM tenant_settings s
      JOIN tenants t ON t.id = s.tenant_id WHERE t.subdomain = 'wanted'`);
    expect(rows).toEqual([{ settings: 4 }]);
  });

  it('writes nothing if the transaction fails later', async () => {
    const id = uuidv7();
    const failing = as(id, async () => {
      await tenants.create(database, { id, name: 'Half', subdomain: 'half', plan: 'pro' });
      throw new Error('the first admin could not be written');
    });
    await expect(failing).rejects.toThrow('first admin');
    const rows = await db.sql('SELECT 1 FROM tenants WHERE id = $1', [id]);
    expect(rows).toEqual([]);
  });

  it('creates only the tenant of the transaction', async () => {
    const input = { id: uuidv7(), name: 'Foreign', subdomain: 'foreign', plan: 'basic' as const };
    const attempt = as(uuidv7(), () => tenants.create(database, input));
    await expect(
      attempt.catch((error: unknown) => Promise.reject(toApiError(error) ?? error)),
    ).rejects.toMatchObject({ code: 'INSUFFICIENT_PERMISSIONS' });
  });

  it('counts the usage of the current tenant and of no other', async () => {
    const { tenantId } = await seedTenant(db, { maxUsers: 4, maxPocs: 5, maxStorageGb: 6 });
    const other = await seedTenant(db);
    await seedUser(db, tenantId);
    await seedUser(db, tenantId);
    await seedUser(db, other.tenantId);
    await db.sql(
      'UPDATE tenant_usage SET poc_count = 3, storage_bytes = 5000000000 WHERE tenant_id = $1',
      [tenantId],
    );
    expect(await as(tenantId, () => tenants.usage())).toEqual({
      users: { used: 2, limit: 4 },
      pocs: { used: 3, limit: 5 },
      storageBytes: { used: 5_000_000_000, limit: 6_442_450_944 },
      storageGb: { used: 4.656613, limit: 6 },
      withinLimits: true,
      warnings: [],
    });
  });

  it("returns the current tenant's settings, with defaults for those never written", async () => {
    const { tenantId } = await seedTenant(db);
    const other = await seedTenant(db);
    const write =
      'INSERT INTO tenant_settings (tenant_id, setting_key, setting_value) VALUES ($1, $2, $3)';
    await db.sql(write, [tenantId, 'security', { sessionTimeout: 2, requireMFA: true }]);
    await db.sql(write, [other.tenantId, 'security', { sessionTimeout: 3 }]);
    const settings = await as(tenantId, () => tenants.settings(), 'viewer');
    expect(settings.security).toEqual({
      ...SECURITY_DEFAULTS,
      sessionTimeout: 2,
      requireMFA: true,
    });
    expect(settings.theme.primaryColor).toBe('#2563eb');
  });

  it('answers INVALID_TENANT after the tenant was deleted', async () => {
    const gone = uuidv7();
    await expect(as(gone, () => tenants.current())).rejects.toMatchObject({
      code: 'INVALID_TENANT',
    });
    await expect(as(gone, () => tenants.usage())).rejects.toMatchObject({ code: 'INVALID_TENANT' });
  });
});
