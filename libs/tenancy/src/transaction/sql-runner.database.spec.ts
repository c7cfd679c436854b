import { randomUUID } from 'node:crypto';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { createTestDatabase, seedTenant, type TestDatabase } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlatformDatabase } from '../platform-database.js';
import { requestScope, runInRequestContext } from '../request/request-context.js';
import type { SqlRunner } from './sql-runner.js';
import { TenantDatabase } from '../tenant-database.js';
import { TenantPool } from './tenant-pool.js';

const WHERE_IT_RUNS = `
  SELECT session_user AS login, current_setting('app.current_tenant_id') AS tenant,
         (SELECT array_agg(subdomain ORDER BY subdomain) FROM tenants) AS visible`;

interface Place {
  login: string;
  tenant: string;
  visible: string[];
}

async function placeOf(transaction: SqlRunner): Promise<Place | undefined> {
  const [place] = await transaction.query<Place>(WHERE_IT_RUNS);
  return place;
}

describe('SqlRunner', () => {
  let db: TestDatabase;
  let pool: TenantPool;
  let tenants: TenantDatabase;
  let platform: PlatformDatabase;
  let acme: string;
  let globex: string;

  beforeAll(async () => {
    db = await createTestDatabase();
    acme = (await seedTenant(db, { subdomain: 'acme' })).tenantId;
    globex = (await seedTenant(db, { subdomain: 'globex' })).tenantId;
    pool = await TenantPool.open({
      serviceUrl: db.serviceUrl,
      poolMin: 1,
      poolMax: 2,
      tls: false,
      requestTimeoutMs: 2_000,
      entities: [],
    });
    tenants = new TenantDatabase(pool);
    platform = new PlatformDatabase({ url: db.platformUrl, tls: false });
  });

  afterAll(async () => {
    await platform.close();
    await pool.close();
    await db.drop();
  });

  const loginOf = (url: string): string => decodeURIComponent(new URL(url).username);

  it("keeps a tenant's statements on the tenants' login, even inside an operator's transaction", async () => {
    const context = { requestId: 'r', tenant: { id: globex } as TenantSnapshot };
    const place = await runInRequestContext(context, async () => {
      const { lifetime } = requestScope();
      lifetime.begin();
      const inside = await platform.transaction({ tenantId: acme, operatorId: randomUUID() }, () =>
        placeOf(tenants),
      );
      await lifetime.commit();
      return inside;
    });
    expect(place).toEqual({ login: loginOf(db.serviceUrl), tenant: globex, visible: ['globex'] });
  });

  it("refuses a tenant's statement inside an operator's transaction that serves no request", async () => {
    const inside = platform.transaction({ tenantId: acme, operatorId: null }, () =>
      placeOf(tenants),
    );
    await expect(inside).rejects.toThrow('There is no request context');
  });

  it("reaches the operators' login through the transaction that was passed, and only there", async () => {
    const place = await platform.transaction({ tenantId: acme, operatorId: null }, placeOf);
    expect(place).toEqual({
      login: loginOf(db.platformUrl),
      tenant: acme,
      visible: ['acme', 'globex'],
    });
  });
});
