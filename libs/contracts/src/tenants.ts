import type { FeatureSet, Plan, TenantLimits } from './plans.js';

export const TENANT_STATUSES = ['active', 'suspended', 'canceled'] as const;

export type TenantStatus = (typeof TENANT_STATUSES)[number];

/** What a request knows of its tenant. `features` are the effective ones. */
export interface TenantSnapshot {
  id: string;
  name: string;
  subdomain: string;
  customDomain: string | null;
  plan: Plan;
  status: TenantStatus;
  features: FeatureSet;
  limits: TenantLimits;
}

/** Names that can be no tenant's subdomain, because the product answers there itself. */
export const RESERVED_SUBDOMAINS = [
  'api',
  'www',
  'admin',
  'app',
  'docs',
  'blog',
  'support',
] as const;
