import type { CountryPolicy } from '../countries.js';
import type { FeatureSet, Plan, TenantLimits } from '../plans/plans.js';

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
  /** Absent for a tenant with the rate limits of the settings. */
  rateLimits?: RateLimitOverrides;
  /** Absent for a tenant whose country policy is off. */
  countries?: CountryPolicy;
  /** End of the subscription, ISO 8601, after which the tenant is read-only; null if it does not end. */
  subscriptionEndsAt: string | null;
  /** True for the platform tenant, whose users are the operators. */
  isPlatform: boolean;
}

/** The rate limits that operators have set for a tenant, in place of those of the settings. */
export interface RateLimitOverrides {
  /** Rules by name, such as `login:user`: `20/900` for attempts in seconds, or `off`. */
  readonly rules: Readonly<Record<string, string>>;
  /** Rules that report what they would refuse, and refuse nothing. */
  readonly shadow: readonly string[];
}

/** The limits of a tenant for which operators have set none. */
export const NO_OVERRIDES: RateLimitOverrides = Object.freeze({
  rules: Object.freeze({}),
  shadow: Object.freeze([]),
});

/** True after the end of the subscription. */
export function isReadOnly(
  tenant: Pick<TenantSnapshot, 'subscriptionEndsAt'>,
  now: number,
): boolean {
  return tenant.subscriptionEndsAt !== null && Date.parse(tenant.subscriptionEndsAt) <= now;
}

/** Subdomain of the platform tenant, whose users are the operators. */
export const PLATFORM_SUBDOMAIN = 'platform';
