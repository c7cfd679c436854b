/** The plans that a tenant can be on, smallest first. */
export const PLANS = ['basic', 'pro', 'enterprise'] as const;

export type Plan = (typeof PLANS)[number];

/** The features that a plan, or a tenant's own row, switches on. */
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

interface PlanEntitlements {
  features: FeatureSet;
  limits: TenantLimits;
}

/** The one catalogue of what each plan includes; a tenant is created with the limits of its plan. */
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

/** The plans that include a feature: what a refusal for want of it names. */
export function plansWithFeature(feature: Feature): Plan[] {
  return PLANS.filter((plan) => PLAN_CATALOGUE[plan].features[feature]);
}

/** A tenant's features: those of its plan, overridden by what its own row states. */
export function effectiveFeatures(plan: Plan, overrides: Partial<FeatureSet>): FeatureSet {
  return { ...PLAN_CATALOGUE[plan].features, ...overrides };
}
