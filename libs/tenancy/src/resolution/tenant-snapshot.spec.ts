import { PLAN_CATALOGUE } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { tenantFeatures, toTenantSnapshot } from './tenant-snapshot.js';

describe('tenantFeatures', () => {
  it('are those of the plan where the row states none', () => {
    expect(tenantFeatures('pro', {})).toEqual(PLAN_CATALOGUE.pro.features);
    expect(tenantFeatures('enterprise', null)).toEqual(PLAN_CATALOGUE.enterprise.features);
  });

  it('are changed by what the row states, in both directions', () => {
    expect(tenantFeatures('basic', { advanced_analytics: true, real_time_dojos: false })).toEqual({
      real_time_dojos: false,
      video_generation: false,
      advanced_analytics: true,
      api_access: false,
    });
  });

  it('are not changed by anything but true and false, nor widened by unknown names', () => {
    expect(
      tenantFeatures('basic', { api_access: 'true', video_generation: 1, root: true }),
    ).toEqual(PLAN_CATALOGUE.basic.features);
  });
});

describe('toTenantSnapshot', () => {
  it('carries everything that a request needs to know', () => {
    const snapshot = toTenantSnapshot({
      id: 't',
      name: 'Acme',
      subdomain: 'acme',
      custom_domain: 'login.acme.example',
      plan_type: 'pro',
      status: 'suspended',
      features: {},
      max_users: 1,
      max_pocs: 2,
      max_storage_gb: 3,
      subscription_ends_at: new Date('2026-12-01T00:00:00.000Z'),
      is_platform: false,
    });
    expect(snapshot).toEqual({
      id: 't',
      name: 'Acme',
      subdomain: 'acme',
      customDomain: 'login.acme.example',
      plan: 'pro',
      status: 'suspended',
      features: PLAN_CATALOGUE.pro.features,
      limits: { maxUsers: 1, maxPocs: 2, maxStorageGb: 3 },
      subscriptionEndsAt: '2026-12-01T00:00:00.000Z',
      isPlatform: false,
    });
  });
});
