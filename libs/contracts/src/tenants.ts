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
  /** End of the subscription, ISO 8601; from then on the tenant can be read but not changed. Null: it does not end. */
  subscriptionEndsAt: string | null;
  /** True for the one reserved tenant whose people operate the platform. */
  isPlatform: boolean;
}

/** True from the end of the subscription on. */
export function isReadOnly(
  tenant: Pick<TenantSnapshot, 'subscriptionEndsAt'>,
  now: number,
): boolean {
  return tenant.subscriptionEndsAt !== null && Date.parse(tenant.subscriptionEndsAt) <= now;
}

/** Where the platform's own tenant answers, whose people are the operators. */
export const PLATFORM_SUBDOMAIN = 'platform';

/** Names that can be no tenant's subdomain, because the product answers there itself. */
export const RESERVED_SUBDOMAINS = [
  'api',
  'www',
  'admin',
  'app',
  'docs',
  'blog',
  'support',
  PLATFORM_SUBDOMAIN,
] as const;
