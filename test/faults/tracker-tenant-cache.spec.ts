import { randomUUID } from 'node:crypto';
import { DatabaseTenantLookup } from '@poc-tracker/tenancy';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { lateAnswers } from '../late-answers.js';
import { TrackerFixture } from '../e2e/tracker/tracker.fixture.js';

let tracker: TrackerFixture;

beforeAll(async () => {
  tracker = await TrackerFixture.start();
});

afterAll(async () => {
  await tracker?.stop();
});

/** The answer to a request for a public POC, which names its tenant by the host alone. */
const publicPoc = async (host: string): Promise<string> =>
  (await tracker.call('GET', `/public/pocs/${randomUUID()}`, { host })).error.code;

/** Resolves when a request for the host does not query its tenant. */
const cached = (host: string): Promise<void> =>
  vi.waitFor(async () => {
    const find = vi.spyOn(tracker.app.get(DatabaseTenantLookup), 'find');
    try {
      expect(await publicPoc(host)).toBe('NOT_FOUND');
      expect(find).not.toHaveBeenCalled();
    } finally {
      find.mockRestore();
    }
  }, 10_000);

describe('The tenant of a public POC', () => {
  it('is not queried again while it does not change', async () => {
    const { host } = await tracker.tenant();
    await cached(host);
  });

  it('is refused within 100 ms when it is suspended', async () => {
    const { tenantId, host } = await tracker.tenant();
    await cached(host);
    const suspend = () =>
      tracker.sql(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [tenantId]);
    expect(await lateAnswers([() => publicPoc(host)], suspend)).toEqual(
      new Set(['INVALID_TENANT']),
    );
  });
});
