import { TenantDatabase } from '@poc-tracker/tenancy';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pollUntil } from '@poc-tracker/embedded';
import { GOOD_PASSWORD, ServiceFixture } from '../e2e/service.fixture.js';

/** Far more log-ins than a pool and the queue of password hashes can serve at once. */
const LOGINS = 40;

const POOL = 2;

const DEADLINE_MS = 10_000;

let instances: ServiceFixture[];
let database: pg.Client;

beforeAll(async () => {
  const first = await ServiceFixture.start({ DB_POOL_MIN: '1', DB_POOL_MAX: String(POOL) });
  instances = [first, await first.restarted()];
  database = new pg.Client(first.database.adminUrl);
  await database.connect();
});

afterAll(async () => {
  await database?.end();
  const [first, second] = instances ?? [];
  await second?.app.close();
  await first?.stop();
});

async function readiness({ app }: ServiceFixture): Promise<{ status: number; took: number }> {
  const began = performance.now();
  const { statusCode } = await app.inject({ method: 'GET', url: '/health/ready' });
  return { status: statusCode, took: performance.now() - began };
}

/** Whether every connection of the pool is in use and requests wait for one. */
function isExhausted({ app }: ServiceFixture): boolean {
  const { idle, waiting } = app.get(TenantDatabase, { strict: false }).totals();
  return idle === 0 && waiting > 0;
}

/** Takes the whole pool until the lock is released. */
function occupy({ app }: ServiceFixture): Promise<unknown>[] {
  const tenants = app.get(TenantDatabase, { strict: false });
  return Array.from({ length: POOL }, () =>
    tenants.lookup('SELECT pg_advisory_xact_lock_shared(4711)', []).catch(() => undefined),
  );
}

describe('Two instances that are busy with log-ins', () => {
  it('stay ready and answer within a second while no connection of their pools is free', async () => {
    const [first] = instances as [ServiceFixture, ServiceFixture];
    const { tenantId, host } = await first.tenant();
    const { email } = await first.user(tenantId);
    for (const instance of instances) expect((await readiness(instance)).status).toBe(200);
    await database.query('SELECT pg_advisory_lock(4711)');
    const occupied = instances.flatMap(occupy);
    const body = { email, password: GOOD_PASSWORD };
    const logins = instances.flatMap((instance) =>
      Array.from({ length: LOGINS }, () =>
        instance.call('POST', '/auth/login', { host, body }).catch(() => undefined),
      ),
    );
    const exhausted = () => instances.every(isExhausted) || undefined;
    expect(await pollUntil(exhausted, DEADLINE_MS)).toBe(true);
    // The cached result of a second ago is not what is tested.
    const until = performance.now() + 2_500;
    do {
      for (const answer of await Promise.all(instances.map(readiness))) {
        expect(answer.status).toBe(200);
        expect(answer.took).toBeLessThan(1_000);
      }
      await new Promise((resolve) => setImmediate(resolve));
    } while (performance.now() < until);
    expect(exhausted()).toBe(true);
    await database.query('SELECT pg_advisory_unlock(4711)');
    await Promise.all([...occupied, ...logins]);
  });
});
