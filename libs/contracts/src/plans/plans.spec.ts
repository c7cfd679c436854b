import { describe, expect, it } from 'vitest';
import { exceededLimits, GIBIBYTE, planChange, type TenantUsage } from './plan-change.js';
import { entitlementsOf, PLAN_CATALOGUE, plainEntitlements, plansWithFeature } from './plans.js';

const NOTHING: TenantUsage = { users: 0, pocs: 0, storageBytes: 0 };

describe('The entitlements of a tenant', () => {
  it('are those of the plan without overrides', () => {
    expect(plainEntitlements(entitlementsOf('pro'))).toEqual(PLAN_CATALOGUE.pro);
    expect(entitlementsOf('pro').limits.maxUsers).toEqual({ value: 100, source: 'plan' });
  });

  it('are the overrides where they exist, including false and zero', () => {
    const own = { features: { real_time_dojos: false }, limits: { maxPocs: 0 } };
    const { features, limits } = entitlementsOf('basic', own);
    expect(features.real_time_dojos).toEqual({ value: false, source: 'tenant' });
    expect(features.api_access).toEqual({ value: false, source: 'plan' });
    expect(limits.maxPocs).toEqual({ value: 0, source: 'tenant' });
    expect(limits.maxUsers).toEqual({ value: 10, source: 'plan' });
  });

  it('have the source tenant for an override that equals the plan', () => {
    expect(entitlementsOf('basic', { limits: { maxUsers: 10 } }).limits.maxUsers.source).toBe(
      'tenant',
    );
  });

  it('are included in the plans that plansWithFeature() returns', () => {
    expect(plansWithFeature('api_access')).toEqual(['pro', 'enterprise']);
  });
});

describe('A change of plan', () => {
  it('applies the limits and features of the new plan and keeps the overrides', () => {
    const current = {
      plan: 'basic' as const,
      overrides: { features: { video_generation: false }, limits: { maxUsers: 25 } },
    };
    const { entitlements, exceeded, gained, lost } = planChange(current, { plan: 'pro' }, NOTHING);
    expect(plainEntitlements(entitlements).limits).toEqual({
      maxUsers: 25,
      maxPocs: 1_000,
      maxStorageGb: 50,
    });
    expect(entitlements.features.video_generation.value).toBe(false);
    expect({ gained, lost, exceeded }).toEqual({ gained: ['api_access'], lost: [], exceeded: [] });
  });

  it('removes an override for null, and keeps absent values', () => {
    const current = {
      plan: 'pro' as const,
      overrides: { limits: { maxUsers: 25, maxPocs: 7 }, features: { api_access: false } },
    };
    const to = { limits: { maxUsers: null, maxPocs: undefined }, features: { api_access: null } };
    const { overrides, gained } = planChange(current, to, NOTHING);
    expect(overrides).toEqual({ features: {}, limits: { maxPocs: 7 } });
    expect(gained).toEqual(['api_access']);
  });

  it('returns the limits that the usage exceeds, with storage in bytes, and the lost features', () => {
    const usage = { users: 11, pocs: 100, storageBytes: 5 * GIBIBYTE + 1 };
    const { exceeded, lost } = planChange({ plan: 'pro', overrides: {} }, { plan: 'basic' }, usage);
    expect(exceeded).toEqual([
      { limit: 'maxUsers', used: 11, allowed: 10 },
      { limit: 'maxStorageGb', used: 5 * GIBIBYTE + 1, allowed: 5 * GIBIBYTE },
    ]);
    expect(lost).toEqual(['video_generation', 'api_access']);
  });

  it('does not count a limit equal to the usage as exceeded', () => {
    const usage = { users: 10, pocs: 100, storageBytes: 5 * GIBIBYTE };
    expect(exceededLimits(entitlementsOf('basic'), usage)).toEqual([]);
  });
});
