import { setTimeout as delay } from 'node:timers/promises';
import {
  createTestDatabase,
  randomNumbers,
  seedTenant,
  type TestDatabase,
} from '@poc-tracker/testing';
import type { TenantDatabase } from '@poc-tracker/tenancy';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Answer, FaultApp, Setting } from './fault-app.fixture.js';

const REQUESTS = 200;
const IN_FLIGHT = 25;
const ROWS_PER_TENANT = 5;
const KILL_EVERY_MS = 40;

/** The tenants that a request saw in its settings and its rows. */
interface Sight {
  context: string;
  rows: string[];
}

async function look(database: TenantDatabase): Promise<Sight> {
  const rows = await database.query<{ tenant_id: string }>('SELECT tenant_id FROM tenant_settings');
  const entities = await (await database.manager()).find(Setting);
  const tenants = await database.query<{ id: string }>('SELECT id FROM tenants');
  const context = await database.query<{ tenant: string }>(
    `SELECT current_setting('app.current_tenant_id', true) AS tenant`,
  );
  return {
    context: context[0]?.tenant ?? '',
    rows: [
      ...rows.map((row) => row.tenant_id),
      ...entities.map((row) => row.tenantId),
      ...tenants.map(({ id }) => id),
    ],
  };
}

const HANDLERS = {
  look,
  linger: async (database: TenantDatabase) => {
    const before = await look(database);
    await database.query('SELECT pg_sleep(0.01)');
    const after = await look(database);
    return { context: after.context, rows: [...before.rows, ...after.rows] };
  },
  fail: async (database: TenantDatabase) => {
    await look(database);
    await database.query('SELECT 1 / 0');
  },
  throw: async (database: TenantDatabase) => {
    await look(database);
    throw new Error('the handler failed');
  },
  idle: async (database: TenantDatabase) => {
    await look(database);
    await delay(10);
    return look(database);
  },
};

describe.each([1, 10])(
  'Two tenants on a pool of %i, with clients that disconnect and backends that are terminated',
  (poolMax) => {
    let db: TestDatabase;
    let admin: pg.Client;
    let app: FaultApp;
    const tenants: string[] = [];

    beforeAll(async () => {
      db = await createTestDatabase();
      admin = new pg.Client(db.adminUrl);
      await admin.connect();
      for (const subdomain of ['acme', 'globex']) {
        const { tenantId } = await seedTenant(db, { subdomain });
        tenants.push(tenantId);
        const rows = `INSERT INTO tenant_settings SELECT $1, 'key-' || n, '1' FROM generate_series(1, $2::integer) n`;
        await admin.query(rows, [tenantId, ROWS_PER_TENANT]);
      }
      app = await FaultApp.start(
        { serviceUrl: db.serviceUrl, poolMax, tenantShare: 100, requestTimeoutMs: 10_000 },
        { handlers: HANDLERS },
      );
    });

    afterAll(async () => {
      await app.nest.close();
      await admin.end();
      await db.drop();
    });

    async function terminateOneBackend(): Promise<number> {
      const { rowCount } = await admin.query(`SELECT pg_terminate_backend(pid) FROM (
      SELECT pid FROM pg_stat_activity
       WHERE datname = current_database() AND usename = 'poc_tracker_service' ORDER BY random() LIMIT 1) victim`);
      return rowCount ?? 0;
    }

    it('never see rows of each other', async () => {
      // Repeatable, so that a failure can be reproduced.
      const random = randomNumbers(poolMax);
      const answers: { tenant: string; handler: string; answer: Answer | 'hung up' }[] = [];
      let next = 0;
      const client = async (): Promise<void> => {
        while (next++ < REQUESTS) {
          const tenant = tenants[random() < 0.5 ? 0 : 1] ?? '';
          const names = Object.keys(HANDLERS);
          const handler = names[Math.floor(random() * names.length)] ?? '';
          const signal =
            random() < 0.25 ? AbortSignal.timeout(1 + Math.floor(random() * 40)) : undefined;
          const answer = await app.call(handler, tenant, signal).catch(() => 'hung up' as const);
          answers.push({ tenant, handler, answer });
        }
      };
      let running = true;
      let terminated = 0;
      const chaos = (async () => {
        while (running) {
          terminated += await terminateOneBackend();
          await delay(KILL_EVERY_MS);
        }
      })();
      await Promise.all(Array.from({ length: IN_FLIGHT }, client));
      running = false;
      await chaos;

      const outcomes = new Map<number | string, number>();
      for (const { tenant, handler, answer } of answers) {
        const outcome = answer === 'hung up' ? answer : answer.status;
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        // A lost connection is never reported as an internal error.
        if (outcome === 500) expect(['fail', 'throw']).toContain(handler);
        if (answer === 'hung up' || answer.status !== 201) continue;
        const { context, rows } = answer.body as Sight;
        expect(context).toBe(tenant);
        expect(rows.length).toBeGreaterThanOrEqual(2 * ROWS_PER_TENANT + 1);
        expect(new Set(rows)).toEqual(new Set([tenant]));
      }
      // Every kind of outcome occurred, and no other. A backend that ends during a COMMIT leaves the outcome unknown: 504.
      expect(answers).toHaveLength(REQUESTS);
      const kinds = [...outcomes.keys()].filter((outcome) => outcome !== 504).sort();
      expect(kinds).toEqual([201, 500, 503, 'hung up']);
      expect(terminated).toBeGreaterThan(5);
    });

    it('lose no connection of the pool', async () => {
      await vi.waitFor(() => {
        const { total, idle, waiting } = app.database.totals();
        expect({ idle, waiting }).toEqual({ idle: total, waiting: 0 });
      });
      await vi.waitFor(async () => {
        const { total } = app.database.totals();
        const { rows } = await admin.query<{ state: string }>(
          `SELECT state FROM pg_stat_activity WHERE datname = current_database() AND usename = 'poc_tracker_service'`,
        );
        expect(rows.map(({ state }) => state)).toEqual(Array.from({ length: total }, () => 'idle'));
      });
      // The pool can still open all its connections at the same time.
      const pids = await onEveryConnection<{ pid: number }>(
        'SELECT pg_backend_pid() AS pid, pg_sleep(0.3)',
      );
      expect(new Set(pids.map(({ pid }) => pid)).size).toBe(poolMax);
      expect(app.database.totals()).toMatchObject({ total: poolMax, idle: poolMax, waiting: 0 });
    });

    it('leave no context and no role on any connection', async () => {
      const again = Array.from({ length: 2 * poolMax }, (_, n) => tenants[n % 2] ?? '');
      const sights = await Promise.all(again.map((tenant) => app.call('linger', tenant)));
      expect(sights.map(({ body }) => (body as Sight).context)).toEqual(again);
      const left = await onEveryConnection<Record<string, string | null>>(
        `SELECT current_setting('app.current_tenant_id', true) AS tenant, current_setting('app.current_user_id', true) AS "user",
              current_setting('app.user_role', true) AS role, pg_sleep(0.3)::text AS slept`,
      );
      expect(left).toHaveLength(poolMax);
      for (const settings of left)
        for (const value of Object.values(settings)) expect(value ?? '').toBe('');
    });

    function onEveryConnection<Row>(sql: string): Promise<Row[]> {
      return Promise.all(
        Array.from({ length: poolMax }, () => app.database.lookup<Row>(sql, [])),
      ).then((rows) => rows.flat());
    }
  },
);
