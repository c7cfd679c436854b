import { randomUUID } from 'node:crypto';
import { PERMISSIONS, type TenantSnapshot } from '@poc-tracker/contracts';
import { createTestDatabase, seedTenant, type TestDatabase } from '@poc-tracker/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  currentRequest,
  type RequestContext,
  requestScope,
  runInRequestContext,
} from './request/request-context.js';
import { TenantDatabase } from './tenant-database.js';
import { TenantPool } from './transaction/tenant-pool.js';
import type { TenantContext } from './transaction/opening-statement.js';

const TENANT = `SELECT current_setting('app.current_tenant_id', true) AS tenant`;
const SUBDOMAINS = 'SELECT subdomain FROM tenants ORDER BY subdomain';

describe('TenantDatabase', () => {
  let db: TestDatabase;
  let pool: TenantPool;
  let database: TenantDatabase;
  let acme: TenantContext;
  let globex: TenantContext;

  beforeAll(async () => {
    db = await createTestDatabase();
    const actingFor = (tenantId: string): TenantContext => ({
      tenantId,
      userId: randomUUID(),
      role: 'admin',
      permissions: PERMISSIONS,
    });
    acme = actingFor((await seedTenant(db, { subdomain: 'acme' })).tenantId);
    globex = actingFor((await seedTenant(db, { subdomain: 'globex' })).tenantId);
  });

  beforeEach(async () => {
    // With one connection, a wait for a second one would never end.
    pool = await TenantPool.open({
      serviceUrl: db.serviceUrl,
      poolMin: 1,
      poolMax: 1,
      tls: false,
      requestTimeoutMs: 2_000,
      entities: [],
    });
    database = new TenantDatabase(pool);
  });

  afterEach(async () => {
    await pool.close();
  });

  afterAll(() => db.drop());

  /** Runs `handler` as a request of the tenant, without HTTP. */
  async function asRequest<T>(
    tenant: TenantContext | undefined,
    handler: () => Promise<T>,
  ): Promise<T> {
    const context: RequestContext = { requestId: 'request-1' };
    if (tenant !== undefined) context.tenant = { id: tenant.tenantId } as TenantSnapshot;
    return runInRequestContext(context, async () => {
      const { lifetime } = requestScope();
      lifetime.begin();
      try {
        const result = await handler();
        await lifetime.commit();
        return result;
      } catch (error) {
        await lifetime.abort(error as Error);
        throw error;
      }
    });
  }

  it("sees the rows of the request's tenant, through query() and through manager()", async () => {
    await asRequest(acme, async () => {
      expect(await database.query(SUBDOMAINS)).toEqual([{ subdomain: 'acme' }]);
      const manager = await database.manager();
      expect(await manager.query(SUBDOMAINS)).toEqual([{ subdomain: 'acme' }]);
    });
  });

  it('opens one transaction for parallel calls', async () => {
    await asRequest(acme, async () => {
      const ids = await Promise.all(
        [1, 2].map(() => database.query('SELECT pg_current_xact_id()::text AS id')),
      );
      expect(ids[0]).toEqual(ids[1]);
    });
  });

  it('throws outside of a request and of a transaction', async () => {
    await expect(database.manager()).rejects.toThrow('There is no request context');
    await expect(database.query(TENANT)).rejects.toThrow('There is no request context');
    expect(() => currentRequest()).toThrow('There is no request context');
  });

  it('throws in a request that has no tenant', async () => {
    await expect(asRequest(undefined, () => database.manager())).rejects.toThrow(
      'This request has no tenant',
    );
  });

  it('throws in a guard, because nothing would end the transaction, and after the response', async () => {
    const early = runInRequestContext({ requestId: 'request-1' }, () => database.manager());
    await expect(early).rejects.toThrow('only available in its handler');
    const late = asRequest(acme, () => Promise.resolve({ later: () => database.query(TENANT) }));
    await expect(late.then(({ later }) => later())).rejects.toThrow('There is no request context');
  });

  describe('transaction()', () => {
    it('works outside of a request with its own context, and commits', async () => {
      await database.transaction(acme, async () => {
        await database.query(`INSERT INTO tenant_settings VALUES ($1, 'committed', '1')`, [
          acme.tenantId,
        ]);
      });
      const settings = 'SELECT setting_key FROM tenant_settings';
      expect(await database.transaction(acme, () => database.query(settings))).toEqual([
        { setting_key: 'committed' },
      ]);
      expect(await database.transaction(globex, () => database.query(settings))).toEqual([]);
    });

    it('rolls back and rethrows if the work fails', async () => {
      const work = database.transaction(acme, async () => {
        await database.query(`INSERT INTO tenant_settings VALUES ($1, 'undone', '1')`, [
          acme.tenantId,
        ]);
        throw new Error('half done');
      });
      await expect(work).rejects.toThrow('half done');
      const found = `SELECT FROM tenant_settings WHERE setting_key = 'undone'`;
      expect(await database.transaction(acme, () => database.query(found))).toEqual([]);
    });

    it("can run before the request's own transaction, and after another one", async () => {
      await asRequest(acme, async () => {
        expect(await database.transaction(globex, () => database.query(TENANT))).toEqual([
          { tenant: globex.tenantId },
        ]);
        expect(await database.transaction(acme, () => database.query(TENANT))).toEqual([
          { tenant: acme.tenantId },
        ]);
        expect(await database.query(TENANT)).toEqual([{ tenant: acme.tenantId }]);
      });
    });

    it("throws inside the request's own transaction instead of waiting for a second connection", async () => {
      const dead = asRequest(acme, async () => {
        await database.query(TENANT);
        await database.transaction(acme, () => database.query(TENANT));
      });
      await expect(dead).rejects.toThrow('needs a second connection');
    });

    it('throws inside another transaction() instead of waiting for a second connection', async () => {
      const dead = database.transaction(acme, () =>
        database.transaction(globex, () => database.query(TENANT)),
      );
      await expect(dead).rejects.toThrow('needs a second connection');
    });

    it('uses no connection before its first statement', async () => {
      await database.transaction(acme, async () => {
        expect(await database.lookup('SELECT 1 AS one', [])).toEqual([{ one: 1 }]);
        await database.query(TENANT);
      });
    });

    it('is rolled back with its request, and refuses further statements', async () => {
      const reason = new Error('the client disconnected');
      const aborted = asRequest(acme, () =>
        database.transaction(acme, async () => {
          await database.query(`INSERT INTO tenant_settings VALUES ($1, 'aborted', '1')`, [
            acme.tenantId,
          ]);
          await requestScope().lifetime.abort(reason);
          await database.query(TENANT);
        }),
      );
      await expect(aborted).rejects.toBe(reason);
      const found = `SELECT FROM tenant_settings WHERE setting_key = 'aborted'`;
      expect(await database.transaction(acme, () => database.query(found))).toEqual([]);
    });
  });

  describe('lookup()', () => {
    it('has no context and sees no row of any tenant', async () => {
      await database.transaction(acme, () => database.query(SUBDOMAINS));
      expect(await database.lookup(SUBDOMAINS, [])).toEqual([]);
    });

    it('keeps its connection if PostgreSQL refuses the statement', async () => {
      const pid = 'SELECT pg_backend_pid() AS pid';
      const before = await database.lookup(pid, []);
      await expect(database.lookup('SELECT $1::uuid', ['malformed'])).rejects.toMatchObject({
        code: '22P02',
      });
      expect(await database.lookup(pid, [])).toEqual(before);
    });

    it('closes its connection if the backend is terminated', async () => {
      const suicide = database.lookup('SELECT pg_terminate_backend(pg_backend_pid())', []);
      await expect(suicide).rejects.toMatchObject({ code: '57P01' });
      expect(await database.lookup('SELECT 1 AS one', [])).toEqual([{ one: 1 }]);
      expect(database.totals()).toEqual({ max: 1, total: 1, idle: 1, waiting: 0 });
    });

    it('throws instead of waiting for a second connection', async () => {
      const dead = asRequest(acme, async () => {
        await database.query(TENANT);
        await database.lookup('SELECT 1', []);
      });
      await expect(dead).rejects.toThrow('needs a second connection');
    });

    it('throws for a request that has been aborted', async () => {
      const ended = asRequest(acme, async () => {
        await requestScope().lifetime.abort(new Error('the client disconnected'));
        await database.lookup('SELECT 1', []);
      });
      await expect(ended).rejects.toThrow('the client disconnected');
    });
  });
});
