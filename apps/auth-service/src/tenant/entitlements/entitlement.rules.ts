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

/** The plan, overrides and usage of a tenant. The driver returns bigint as text. */
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

/** The maximum of an integer column, beyond which PostgreSQL would fail with an error of its own. */
export const MAX_LIMIT = 2 ** 31 - 1;

/** The columns of an {@link EntitlementRow}, of `tenants t` and `tenant_usage u`. */
export const ENTITLEMENT_COLUMNS = `t.plan_type, t.features, t.limit_overrides, t.max_users, t.max_pocs, t.max_storage_gb,
         u.user_count, u.poc_count, u.storage_bytes`;

/**
 * The overrides of a tenant's plan. A limit that differs from the plan counts as an override even if the row does not list it
 * as one: it was set by hand.
 */
export function overridesOf(row: EntitlementRow): Required<EntitlementOverrides> {
  const effective: TenantLimits = {
    maxUsers: row.max_users,
    maxPocs: row.max_pocs,
    maxStorageGb: row.max_storage_gb,
  };
  const listed = recordOf(row.limit_overrides);
  const included = PLAN_CATALOGUE[row.plan_type].limits;
  const limits = LIMITS.filter(
    (limit) => typeof listed[limit] === 'number' || effective[limit] !== included[limit],
  ).map((limit): [Limit, number] => [limit, effective[limit]]);
  return {
    features: featureOverridesOf(row.features),
    limits: Object.fromEntries(limits),
  };
}

/** A stored value that is neither true nor false is ignored, so the plan decides. */
function featureOverridesOf(stored: unknown): Partial<FeatureSet> {
  const row = recordOf(stored);
  const overridden = FEATURES.filter((feature) => typeof row[feature] === 'boolean');
  return Object.fromEntries(overridden.map((feature) => [feature, row[feature]]));
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
