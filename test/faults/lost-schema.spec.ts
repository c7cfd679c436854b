import { pollUntil } from '@poc-tracker/embedded';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceFixture } from '../e2e/service.fixture.js';
import { TrackerFixture, type UserRecord } from '../e2e/tracker/tracker.fixture.js';

/** A health check is cached for a second. */
const DEADLINE_MS = 10_000;

let service: ServiceFixture;
let tracker: TrackerFixture;
let ana: UserRecord;
let login: { host: string; token: string };

beforeAll(async () => {
  service = await ServiceFixture.start();
  tracker = await TrackerFixture.start();
  ana = await tracker.user();
  const { tenantId, host } = await service.tenant();
  const { tokens } = await service.login(host, await service.user(tenantId));
  login = { host, token: tokens.accessToken };
});

afterAll(async () => {
  await tracker?.stop();
  await service?.stop();
});

const ofService = async (path: string): Promise<number> =>
  (await service.app.inject({ method: 'GET', url: path })).statusCode;

const ofTracker = async (path: string): Promise<number> =>
  (await fetch(`${tracker.url}${path}`)).status;

/** Waits until the route answers with this status. */
async function reaches(status: number, probe: () => Promise<number>): Promise<void> {
  let last: number | undefined;
  await pollUntil(async () => {
    last = await probe();
    return last === status || undefined;
  }, DEADLINE_MS);
  expect(last).toBe(status);
}

const lists = () => tracker.call('GET', '/pocs', { token: ana.token });

describe('A database whose schema is gone', () => {
  it.each([
    ['the schema', 'ALTER SCHEMA public RENAME TO lost', 'ALTER SCHEMA lost RENAME TO public'],
    ['a table', 'ALTER TABLE pocs RENAME TO lost', 'ALTER TABLE lost RENAME TO pocs'],
    [
      'the grant of a table',
      'REVOKE ALL ON pocs FROM tracker_user',
      'GRANT SELECT ON pocs TO tracker_user',
    ],
  ])('makes the tracker not ready and answer 503 without %s', async (_what, damage, repair) => {
    expect((await lists()).status).toBe(200);
    await tracker.sql(damage);
    try {
      const { status, error } = await lists();
      expect([status, error.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
      await reaches(503, () => ofTracker('/health/ready'));
      expect(await ofTracker('/health/live')).toBe(200);
    } finally {
      await tracker.sql(repair);
    }
    await reaches(200, async () => (await lists()).status);
    await reaches(200, () => ofTracker('/health/ready'));
  });

  it.each([
    ['the schema', 'ALTER SCHEMA public RENAME TO lost', 'ALTER SCHEMA lost RENAME TO public'],
    ['a table', 'ALTER TABLE users RENAME TO lost', 'ALTER TABLE lost RENAME TO users'],
    [
      'a column',
      'ALTER TABLE users RENAME first_name TO lost',
      'ALTER TABLE users RENAME lost TO first_name',
    ],
  ])('makes the service answer 503 without %s', async (what, damage, repair) => {
    const reads = () => service.call('GET', '/auth/me', login);
    expect((await reads()).status).toBe(200);
    await service.sql(damage);
    try {
      const { status, error } = await reads();
      expect([status, error.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
      if (what !== 'a column') await reaches(503, () => ofService('/health/ready'));
    } finally {
      await service.sql(repair);
    }
    await reaches(200, async () => (await reads()).status);
    await reaches(200, () => ofService('/health/ready'));
  });
});
