import {
  type EntitlementOverrides,
  FEATURES,
  type FeatureSet,
  type Limit,
  LIMITS,
  type Plan,
  PLAN_CATALOGUE,
  type TenantLimits,
  type TenantUsage,
} from '@poc-tracker/contracts';

/** What a tenant's row and its counts say of what it may use and uses. bigint arrives as text. */
export interface EntitlementRow {
  plan_type: Plan;
  features: unknown;
  limit_overrides: unknown;
  max_users: number;
  max_pocs: number;
  max_storage_gb: number;
  user_count: number;
  poc_count: number;
  storage_bytes: string;
}

/** The width of a limit's column: PostgreSQL would refuse more in words of its own. */
export const MAX_LIMIT = 2 ** 31 - 1;

/** The columns of an {@link EntitlementRow}, of `tenants t` and `tenant_usage u`. */
export const ENTITLEMENT_COLUMNS = `t.plan_type, t.features, t.limit_overrides, t.max_users, t.max_pocs, t.max_storage_gb,
         u.user_count, u.poc_count, u.storage_bytes`;

/**
 * What the tenant was given beside its plan. A limit in force that is not the plan's counts as given even where the row
 * does not name it as such: somebody has set it by hand.
 */
export function overridesOf(row: EntitlementRow): Required<EntitlementOverrides> {
  const inForce: TenantLimits = {
    maxUsers: row.max_users,
    maxPocs: row.max_pocs,
    maxStorageGb: row.max_storage_gb,
  };
  const named = recordOf(row.limit_overrides);
  const included = PLAN_CATALOGUE[row.plan_type].limits;
  const limits = LIMITS.filter(
    (limit) => typeof named[limit] === 'number' || inForce[limit] !== included[limit],
  ).map((limit): [Limit, number] => [limit, inForce[limit]]);
  return {
    features: featureOverridesOf(row.features),
    limits: Object.fromEntries(limits),
  };
}

/** A feature that is stored as anything but true or false is left to the plan. */
function featureOverridesOf(stored: unknown): Partial<FeatureSet> {
  const row = recordOf(stored);
  const stated = FEATURES.filter((feature) => typeof row[feature] === 'boolean');
  return Object.fromEntries(stated.map((feature) => [feature, row[feature]]));
}

export function usageOf(
  row: Pick<EntitlementRow, 'user_count' | 'poc_count' | 'storage_bytes'>,
): TenantUsage {
  return {
    users: row.user_count,
    pocs: row.poc_count,
    storageBytes: Number(row.storage_bytes),
  };
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
