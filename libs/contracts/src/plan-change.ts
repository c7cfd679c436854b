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

/** Bytes in the GiB that storage is limited by. */
export const GIBIBYTE = 1_073_741_824;

/** What a tenant uses of its limits at one moment. */
export interface TenantUsage {
  users: number;
  pocs: number;
  storageBytes: number;
}

/** A wish to change what a tenant may use. What is absent stays; null gives a value back to the plan. */
export interface PlanChange {
  plan?: Plan | undefined;
  features?: { [F in Feature]?: boolean | null | undefined } | undefined;
  limits?: { [L in Limit]?: number | null | undefined } | undefined;
  /** End of the subscription, ISO 8601; null: it does not end. */
  subscriptionEndsAt?: string | null | undefined;
}

/** A limit below what is used: nothing is deleted, nothing more can be added. Storage is in bytes, like usage. */
export interface LimitExcess {
  limit: Limit;
  used: number;
  allowed: number;
}

/** What a change makes of a tenant. */
export interface PlanChangeOutcome {
  /** What is to be stored. */
  overrides: Required<EntitlementOverrides>;
  entitlements: Entitlements;
  /** The limits that the tenant already exceeds. */
  exceeded: LimitExcess[];
  /** Features that the tenant has now and will not have. */
  lost: Feature[];
  gained: Feature[];
}

/**
 * Works out a change of plan, of overrides or of both: limits and features that the tenant was given itself stay, all
 * others move with the plan. A change below what is used is allowed and says what exceeds it.
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

/** The limits that are below what is used; a limit that is just reached is not among them. */
export function exceededLimits(
  { limits }: Pick<Entitlements, 'limits'>,
  usage: TenantUsage,
): LimitExcess[] {
  return LIMITS.map((limit) => {
    const { used, allowed } = measured(limit, limits[limit].value, usage);
    return { limit, used, allowed };
  }).filter(({ used, allowed }) => used > allowed);
}

/** A limit and its usage in the same unit: people, POCs or bytes. */
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
