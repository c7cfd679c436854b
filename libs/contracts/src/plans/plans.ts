/** The plans, smallest first. */
export const PLANS = ['basic', 'pro', 'enterprise'] as const;

export type Plan = (typeof PLANS)[number];

/** The features that a plan or an override enables. */
export const FEATURES = [
  'real_time_dojos',
  'video_generation',
  'advanced_analytics',
  'api_access',
] as const;

export type Feature = (typeof FEATURES)[number];

export type FeatureSet = Record<Feature, boolean>;

/** Limits of a tenant. Storage is in GiB. */
export interface TenantLimits {
  maxUsers: number;
  maxPocs: number;
  maxStorageGb: number;
}

/** Features and limits without their sources. */
export interface PlanEntitlements {
  features: FeatureSet;
  limits: TenantLimits;
}

/** What each plan includes. */
export const PLAN_CATALOGUE: Record<Plan, PlanEntitlements> = {
  basic: {
    features: {
      real_time_dojos: true,
      video_generation: false,
      advanced_analytics: false,
      api_access: false,
    },
    limits: { maxUsers: 10, maxPocs: 100, maxStorageGb: 5 },
  },
  pro: {
    features: {
      real_time_dojos: true,
      video_generation: true,
      advanced_analytics: false,
      api_access: true,
    },
    limits: { maxUsers: 100, maxPocs: 1_000, maxStorageGb: 50 },
  },
  enterprise: {
    features: {
      real_time_dojos: true,
      video_generation: true,
      advanced_analytics: true,
      api_access: true,
    },
    limits: { maxUsers: 1_000, maxPocs: 10_000, maxStorageGb: 500 },
  },
};

/** The plans that include a feature. */
export function plansWithFeature(feature: Feature): Plan[] {
  return PLANS.filter((plan) => PLAN_CATALOGUE[plan].features[feature]);
}

/** A tenant's features: those of its plan, with its overrides. */
export function effectiveFeatures(plan: Plan, overrides: Partial<FeatureSet>): FeatureSet {
  return { ...PLAN_CATALOGUE[plan].features, ...overrides };
}

/** The names of the limits, in the order in which they are listed. */
export const LIMITS = [
  'maxUsers',
  'maxPocs',
  'maxStorageGb',
] as const satisfies readonly (keyof TenantLimits)[];

export type Limit = (typeof LIMITS)[number];

/** What differs from the tenant's plan. An absent entry follows the plan, even when the plan changes. */
export interface EntitlementOverrides {
  features?: Partial<FeatureSet>;
  limits?: Partial<TenantLimits>;
}

/** Where a value comes from: the tenant's plan, or an override of the tenant. */
export const ENTITLEMENT_SOURCES = ['plan', 'tenant'] as const;

export type EntitlementSource = (typeof ENTITLEMENT_SOURCES)[number];

export interface Entitlement<T> {
  value: T;
  source: EntitlementSource;
}

/** The features and limits of a tenant, each with its source. */
export interface Entitlements {
  plan: Plan;
  features: Record<Feature, Entitlement<boolean>>;
  limits: Record<Limit, Entitlement<number>>;
}

/** The features and limits of a plan with overrides. */
export function entitlementsOf(plan: Plan, overrides: EntitlementOverrides = {}): Entitlements {
  const { features, limits } = PLAN_CATALOGUE[plan];
  return {
    plan,
    features: withSources(FEATURES, features, overrides.features),
    limits: withSources(LIMITS, limits, overrides.limits),
  };
}

function withSources<K extends string, T>(
  names: readonly K[],
  included: Readonly<Record<K, T>>,
  overrides: Readonly<Partial<Record<K, T>>> | undefined,
): Record<K, Entitlement<T>> {
  const entries = names.map((name): [K, Entitlement<T>] => {
    const own = overrides?.[name];
    return [
      name,
      own === undefined
        ? { value: included[name], source: 'plan' }
        : { value: own, source: 'tenant' },
    ];
  });
  return Object.fromEntries(entries) as Record<K, Entitlement<T>>;
}

/** The values without their sources. */
export function plainEntitlements({ features, limits }: Entitlements): PlanEntitlements {
  return { features: valuesOf(features), limits: valuesOf(limits) };
}

function valuesOf<K extends string, T>(entitlements: Record<K, Entitlement<T>>): Record<K, T> {
  const entries = Object.entries<Entitlement<T>>(entitlements);
  return Object.fromEntries(entries.map(([name, { value }]) => [name, value])) as Record<K, T>;
}
