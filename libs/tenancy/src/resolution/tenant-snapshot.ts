import {
  type CountryPolicy,
  DEFAULT_ALLOWED_COUNTRIES,
  effectiveFeatures,
  FEATURES,
  type FeatureSet,
  isCountryList,
  type Plan,
  type RateLimitOverrides,
  type TenantSnapshot,
  type TenantStatus,
} from '@poc-tracker/contracts';

/** The tenant columns of resolve_tenant() and session_status(). */
export interface TenantRow {
  id: string;
  name: string;
  subdomain: string;
  custom_domain: string | null;
  plan_type: Plan;
  status: TenantStatus;
  features: unknown;
  max_users: number;
  max_pocs: number;
  max_storage_gb: number;
  subscription_ends_at: Date | null;
  is_platform: boolean;
  rate_limits: RateLimitOverrides | null;
  /** Null if it is off. The lists are as they are stored. */
  country_policy: {
    mode: CountryPolicy['mode'];
    allowed: unknown;
    denied: unknown;
  } | null;
}

/** The tenant of a request. Its features are those of the plan, overridden by those of the row. */
export function toTenantSnapshot(row: TenantRow): TenantSnapshot {
  return {
    id: row.id,
    name: row.name,
    subdomain: row.subdomain,
    customDomain: row.custom_domain,
    plan: row.plan_type,
    status: row.status,
    features: tenantFeatures(row.plan_type, row.features),
    limits: { maxUsers: row.max_users, maxPocs: row.max_pocs, maxStorageGb: row.max_storage_gb },
    subscriptionEndsAt: row.subscription_ends_at?.toISOString() ?? null,
    isPlatform: row.is_platform,
    ...(row.rate_limits !== null && { rateLimits: row.rate_limits }),
    ...(row.country_policy !== null && { countries: countryPolicy(row.country_policy) }),
  };
}

/** A list that no tenant can set counts as not set, as it does for the other settings. */
function countryPolicy({
  mode,
  allowed,
  denied,
}: NonNullable<TenantRow['country_policy']>): CountryPolicy {
  return {
    mode,
    allowed: isCountryList(allowed) ? allowed : DEFAULT_ALLOWED_COUNTRIES,
    denied: isCountryList(denied) ? denied : [],
  };
}

/** A feature that is neither true nor false in the row falls back to the plan. */
export function tenantFeatures(plan: Plan, stored: unknown): FeatureSet {
  const row =
    typeof stored === 'object' && stored !== null ? (stored as Record<string, unknown>) : {};
  const stated = FEATURES.filter((feature) => typeof row[feature] === 'boolean');
  return effectiveFeatures(
    plan,
    Object.fromEntries(stated.map((feature) => [feature, row[feature]])),
  );
}
