import {
  type EntitlementOverrides,
  type Entitlements,
  entitlementsOf,
  type Feature,
  FEATURES,
  type FeatureSet,
  type Limit,
  LIMITS,
  type Plan,
  type TenantLimits,
} from './plans.js';

/** Bytes per GiB, the unit of the storage limit. */
export const GIBIBYTE = 1_073_741_824;

/** The current usage of a tenant. */
export interface TenantUsage {
  users: number;
  pocs: number;
  storageBytes: number;
}

/** The `details` of USER_LIMIT_EXCEEDED, POC_LIMIT_EXCEEDED and STORAGE_LIMIT_EXCEEDED: before the refused request. */
export interface LimitDetails {
  limits: TenantLimits;
  usage: { users: number; pocs: number; storageGb: number };
}

/** Bytes in GiB, the unit of the limit, with six decimals: about a kibibyte. */
export function toStorageGb(bytes: number): number {
  return Math.round((bytes / GIBIBYTE) * 1e6) / 1e6;
}

/** A change of a tenant's plan and overrides. Absent values stay; null removes an override. */
export interface PlanChange {
  plan?: Plan | undefined;
  features?: { [F in Feature]?: boolean | null | undefined } | undefined;
  limits?: { [L in Limit]?: number | null | undefined } | undefined;
  /** End of the subscription, ISO 8601; null if it does not end. */
  subscriptionEndsAt?: string | null | undefined;
}

/** A limit below the usage. Nothing is deleted, but nothing can be added. Storage is in bytes, like usage. */
export interface LimitExcess {
  limit: Limit;
  used: number;
  allowed: number;
}

/** The result of a change. */
export interface PlanChangeOutcome {
  /** The overrides to store. */
  overrides: Required<EntitlementOverrides>;
  entitlements: Entitlements;
  /** Limits that the tenant exceeds. */
  exceeded: LimitExcess[];
  /** Features that the tenant has before the change but not after it. */
  lost: Feature[];
  gained: Feature[];
}

/**
 * Computes a change of the plan, the overrides or both. Overridden limits and features stay, all others follow the plan. A
 * change to limits below the usage is allowed, and the result lists them.
 */
export function planChange(
  current: { plan: Plan; overrides: EntitlementOverrides },
  to: PlanChange,
  usage: TenantUsage,
): PlanChangeOutcome {
  const overrides = {
    features: merged<FeatureSet>(current.overrides.features, to.features),
    limits: merged<TenantLimits>(current.overrides.limits, to.limits),
  };
  const before = entitlementsOf(current.plan, current.overrides);
  const entitlements = entitlementsOf(to.plan ?? current.plan, overrides);
  const switched = (on: boolean): Feature[] =>
    FEATURES.filter(
      (feature) =>
        before.features[feature].value !== on && entitlements.features[feature].value === on,
    );
  return {
    overrides,
    entitlements,
    exceeded: exceededLimits(entitlements, usage),
    lost: switched(false),
    gained: switched(true),
  };
}

/** The limits below the usage. A limit equal to the usage is not exceeded. */
export function exceededLimits(
  { limits }: Pick<Entitlements, 'limits'>,
  usage: TenantUsage,
): LimitExcess[] {
  return LIMITS.map((limit) => {
    const { used, allowed } = measured(limit, limits[limit].value, usage);
    return { limit, used, allowed };
  }).filter(({ used, allowed }) => used > allowed);
}

/** A limit and its usage in the same unit: users, POCs or bytes. */
export function measured(
  limit: Limit,
  value: number,
  usage: TenantUsage,
): { used: number; allowed: number } {
  switch (limit) {
    case 'maxUsers':
      return { used: usage.users, allowed: value };
    case 'maxPocs':
      return { used: usage.pocs, allowed: value };
    case 'maxStorageGb':
      return { used: usage.storageBytes, allowed: value * GIBIBYTE };
  }
}

function merged<T extends object>(
  current: Partial<T> = {},
  changes: { [K in keyof T]?: T[K] | null | undefined } = {},
): Partial<T> {
  const stated = Object.entries({ ...current, ...withoutAbsent(changes) });
  return Object.fromEntries(stated.filter(([, value]) => value !== null)) as Partial<T>;
}

function withoutAbsent(changes: object): object {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}
