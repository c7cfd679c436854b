import { TenantDatabase } from '@poc-tracker/tenancy';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pollUntil } from '@poc-tracker/embedded';
import { GOOD_PASSWORD, ServiceFixture } from '../e2e/service.fixture.js';

/** Far more log-ins than a pool and the queue of password hashes can serve at once. */
const LOGINS = 40;

const POOL = 4;

const DEADLINE_MS = 10_000;

const WAITING_FOR_LOCKS = `
  SELECT count(*)::int AS waiting FROM pg_stat_activity
   WHERE datname = current_database() AND wait_event_type = 'Lock'`;

let instances: ServiceFixture[];
let database: pg.Client;

beforeAll(async () => {
  const first = await ServiceFixture.start({
    DB_POOL_MIN: '1',
    DB_POOL_MAX: String(POOL),
    DB_TENANT_SHARE: '100',
  });
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

/** Keeps the whole pool in use, and requests waiting, until the returned function is called. */
function occupy({ app }: ServiceFixture, request: () => Promise<unknown>): () => Promise<void> {
  const tenants = app.get(TenantDatabase, { strict: false });
  let busy = true;
  const repeat = async (work: () => Promise<unknown>): Promise<void> => {
    while (busy) await work().catch(() => undefined);
  };
  const work = [
    ...Array.from({ length: POOL }, () => repeat(() => tenants.lookup('SELECT pg_sleep(1)', []))),
    ...Array.from({ length: LOGINS }, () => repeat(request)),
  ];
  return async () => {
    busy = false;
    await Promise.all(work);
  };
}

describe('Two instances that are busy with log-ins', () => {
  it('stay ready and answer within a second while no connection of their pools is free', async () => {
    const [first] = instances as [ServiceFixture, ServiceFixture];
    const { tenantId, host } = await first.tenant();
    const { email } = await first.user(tenantId);
    for (const instance of instances) expect((await readiness(instance)).status).toBe(200);
    const body = { email, password: GOOD_PASSWORD };
    const release = instances.map((instance) =>
      occupy(instance, () => instance.call('POST', '/auth/login', { host, body })),
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
    expect(await pollUntil(exhausted, DEADLINE_MS)).toBe(true);
    await Promise.all(release.map((end) => end()));
  });

  it('wait for the row of a user with one connection each, and refuse the log-ins that would wait for too long', async () => {
    const [first] = instances as [ServiceFixture, ServiceFixture];
    const { tenantId, host } = await first.tenant();
    const [locked, other] = [await first.user(tenantId), await first.user(tenantId)];
    const logIn = (instance: ServiceFixture, { email, password }: typeof other) =>
      instance.call('POST', '/auth/login', { host, body: { email, password } });
    await database.query('BEGIN');
    await database.query('SELECT id FROM users WHERE id = $1 FOR UPDATE', [locked.userId]);
    let answered = false;
    const answers = Promise.all(
      instances.flatMap((instance) => Array.from({ length: 8 }, () => logIn(instance, locked))),
    ).finally(() => {
      answered = true;
    });
    const counts: number[] = [];
    const count = async (): Promise<true | undefined> => {
      const { rows } = await database.query<{ waiting: number }>(WAITING_FOR_LOCKS);
      counts.push(rows[0]?.waiting ?? 0);
      return answered || undefined;
    };
    await pollUntil(() => (counts.at(-1) === instances.length ? true : count()), DEADLINE_MS);
    expect((await logIn(first, other)).status).toBe(200);
    await pollUntil(count, DEADLINE_MS);
    expect(Math.max(...counts)).toBe(instances.length);
    for (const { status, error, headers } of await answers)
      expect([status, error.code, headers['retry-after']]).toEqual([503, 'SERVICE_BUSY', '1']);
    await database.query('ROLLBACK');
    expect((await logIn(first, locked)).status).toBe(200);
  });
});
