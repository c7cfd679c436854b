import { describe, expect, it } from 'vitest';
import { distributeUsers, inBatches, planTenants } from './seed-plan.js';

const sum = (counts: readonly number[]): number =>
  counts.reduce((total, count) => total + count, 0);

describe('distributeUsers', () => {
  it.each([
    [1, 1],
    [3, 3],
    [7, 1_000],
    [1_000, 1_003],
    [10_000, 1_000_000],
  ])(
    'gives %i tenants exactly %i users, at least one each, most to the first',
    (tenants, users) => {
      const counts = distributeUsers(tenants, users);
      expect(counts).toHaveLength(tenants);
      expect(sum(counts)).toBe(users);
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
      expect([...counts].sort((a, b) => b - a)).toEqual(counts);
    },
  );

  it('makes a few tenants large', () => {
    const counts = distributeUsers(10_000, 1_000_000);
    expect(counts[0]).toBeGreaterThan(50_000);
    expect(counts.at(-1)).toBeLessThan(20);
  });
});

describe('planTenants', () => {
  it('gives the same tenants every time, each with enough seats for its users', () => {
    const planned = planTenants('demo', 200, 20_000);
    expect(planTenants('demo', 200, 20_000)).toEqual(planned);
    expect(new Set(planned.map(({ subdomain }) => subdomain)).size).toBe(200);
    for (const { users, maxUsers, subdomain } of planned) {
      expect(maxUsers).toBeGreaterThanOrEqual(users);
      expect(subdomain).toMatch(/^[a-z0-9-]+$/);
    }
  });
});

describe('inBatches', () => {
  it('keeps every tenant, and never splits one', () => {
    const tenants = planTenants('demo', 100, 5_000);
    const batches = inBatches(tenants, 500);
    expect(batches.flat()).toEqual(tenants);
    for (const batch of batches)
      expect(batch.length === 1 || sum(batch.map(({ users }) => users)) <= 500).toBe(true);
  });
});
