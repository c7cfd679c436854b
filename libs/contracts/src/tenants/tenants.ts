import type { FeatureSet, Plan, TenantLimits } from '../plans.js';

export const TENANT_STATUSES = ['active', 'suspended', 'canceled'] as const;

export type TenantStatus = (typeof TENANT_STATUSES)[number];

/** The tenant of a request. `features` are the effective ones. */
export interface TenantSnapshot {
  id: string;
  name: string;
  subdomain: string;
  customDomain: string | null;
  plan: Plan;
  status: TenantStatus;
  features: FeatureSet;
  limits: TenantLimits;
  /** End of the subscription, ISO 8601, after which the tenant is read-only; null if it does not end. */
  subscriptionEndsAt: string | null;
  /** True for the platform tenant, whose users are the operators. */
  isPlatform: boolean;
}

/** True after the end of the subscription. */
export function isReadOnly(
  tenant: Pick<TenantSnapshot, 'subscriptionEndsAt'>,
  now: number,
): boolean {
  return tenant.subscriptionEndsAt !== null && Date.parse(tenant.subscriptionEndsAt) <= now;
}

/** Subdomain of the platform tenant, whose users are the operators. */
export const PLATFORM_SUBDOMAIN = 'platform';
