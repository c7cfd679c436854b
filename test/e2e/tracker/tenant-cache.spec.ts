import { randomUUID } from 'node:crypto';
import { DatabaseTenantLookup } from '@poc-tracker/tenancy';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TrackerFixture } from './tracker.fixture.js';

/** After this time every instance shows a change. */
const BOUND_MS = 100;

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

describe('The tenant of a public POC', () => {
  it('is queried once, and refused within 100 ms when it is suspended', async () => {
    const { tenantId, host } = await tracker.tenant();
    await vi.waitFor(async () => {
      const find = vi.spyOn(tracker.app.get(DatabaseTenantLookup), 'find');
      try {
        expect(await publicPoc(host)).toBe('NOT_FOUND');
        expect(find).not.toHaveBeenCalled();
      } finally {
        find.mockRestore();
      }
    }, 10_000);
    await tracker.sql(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [tenantId]);
    const committedAt = performance.now();
    const late = new Set<string>();
    while (performance.now() < committedAt + 3 * BOUND_MS) {
      const sentAt = performance.now();
      const code = await publicPoc(host);
      if (sentAt > committedAt + BOUND_MS) late.add(code);
    }
    expect(late).toEqual(new Set(['INVALID_TENANT']));
  });
});
