import { PLAN_CATALOGUE } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { tenantFeatures, type TenantRow, toTenantSnapshot } from './tenant-snapshot.js';

describe('tenantFeatures', () => {
  it('returns the features of the plan if the row has none', () => {
    expect(tenantFeatures('pro', {})).toEqual(PLAN_CATALOGUE.pro.features);
    expect(tenantFeatures('enterprise', null)).toEqual(PLAN_CATALOGUE.enterprise.features);
  });

  it('enables and disables features by the row', () => {
    expect(tenantFeatures('basic', { advanced_analytics: true, real_time_dojos: false })).toEqual({
      real_time_dojos: false,
      video_generation: false,
      advanced_analytics: true,
      api_access: false,
    });
  });

  it('ignores values other than true and false, and unknown names', () => {
    expect(
      tenantFeatures('basic', { api_access: 'true', video_generation: 1, root: true }),
    ).toEqual(PLAN_CATALOGUE.basic.features);
  });
});

const ROW: TenantRow = {
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
  rate_limits: null,
  country_policy: null,
};

describe('toTenantSnapshot', () => {
  it('maps all columns', () => {
    const snapshot = toTenantSnapshot(ROW);
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

  it('has the country policy, with the default in place of a list that no tenant can set', () => {
    const countriesOf = (country_policy: TenantRow['country_policy']) =>
      toTenantSnapshot({ ...ROW, country_policy }).countries;
    expect(countriesOf({ mode: 'enforce', allowed: ['US'], denied: ['BR'] })).toEqual({
      mode: 'enforce',
      allowed: ['US'],
      denied: ['BR'],
    });
    for (const wrong of [null, 'BR', ['br'], ['BR', 'BR'], ['ZZ'], { BR: true }])
      expect(countriesOf({ mode: 'observe', allowed: wrong, denied: wrong })).toEqual({
        mode: 'observe',
        allowed: ['BR', 'AR', 'UY', 'PY', 'CL'],
        denied: [],
      });
  });
});
