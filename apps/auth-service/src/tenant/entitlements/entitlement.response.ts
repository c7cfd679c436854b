import { ApiProperty } from '@nestjs/swagger';
import {
  ENTITLEMENT_SOURCES,
  type Entitlements,
  type EntitlementSource,
  type Feature,
  FEATURES,
  type Limit,
  LIMITS,
  measured,
  type Plan,
  type PlanChangeOutcome,
  PLANS,
  plansWithFeature,
  type TenantUsage,
} from '@poc-tracker/contracts';

const SOURCE = {
  enum: ENTITLEMENT_SOURCES,
  description: 'Whether the value is that of the plan or an override for this tenant.',
};

class FeatureEntitlement {
  @ApiProperty({ enum: FEATURES, example: 'api_access' })
  name: Feature;

  @ApiProperty({ example: false })
  enabled: boolean;

  @ApiProperty({ ...SOURCE, example: 'plan' })
  source: EntitlementSource;

  @ApiProperty({
    enum: PLANS,
    isArray: true,
    description: 'The plans that include it.',
    example: ['pro', 'enterprise'],
  })
  plans: Plan[];
}

class LimitEntitlement {
  @ApiProperty({ enum: LIMITS, example: 'maxUsers' })
  name: Limit;

  @ApiProperty({ minimum: 0, description: 'Storage in GiB.', example: 10 })
  value: number;

  @ApiProperty({ ...SOURCE, example: 'plan' })
  source: EntitlementSource;

  @ApiProperty({
    type: Number,
    nullable: true,
    minimum: 0,
    description:
      'The share that is used, where 1 is all of it. Null without the permission `view_usage`.',
    example: 0.3,
  })
  used: number | null;
}

/** The features and limits of a tenant and the source of each value. */
export class EntitlementsResponse {
  @ApiProperty({ enum: PLANS, example: 'basic' })
  plan: Plan;

  @ApiProperty({ type: FeatureEntitlement, isArray: true })
  features: FeatureEntitlement[];

  @ApiProperty({ type: LimitEntitlement, isArray: true })
  limits: LimitEntitlement[];
}

class LimitExcessResponse {
  @ApiProperty({ enum: LIMITS, example: 'maxUsers' })
  limit: Limit;

  @ApiProperty({ minimum: 0, description: 'Storage in bytes.', example: 12 })
  used: number;

  @ApiProperty({ minimum: 0, description: 'Storage in bytes.', example: 10 })
  allowed: number;
}

/** The entitlements after a change of plan, features or limits. */
export class PlanChangeResponse extends EntitlementsResponse {
  @ApiProperty({
    type: LimitExcessResponse,
    isArray: true,
    description: 'The limits that the usage exceeds. Nothing is deleted, but nothing can be added.',
  })
  exceeded: LimitExcessResponse[];

  @ApiProperty({ enum: FEATURES, isArray: true, example: ['api_access'] })
  lostFeatures: Feature[];

  @ApiProperty({ enum: FEATURES, isArray: true, example: [] })
  gainedFeatures: Feature[];
}

/** @param usage null if the caller may not see it. */
export function toEntitlementsResponse(
  entitlements: Entitlements,
  usage: TenantUsage | null,
): EntitlementsResponse {
  return {
    plan: entitlements.plan,
    features: FEATURES.map((name) => {
      const { value: enabled, source } = entitlements.features[name];
      return { name, enabled, source, plans: plansWithFeature(name) };
    }),
    limits: LIMITS.map((name) => {
      const { value, source } = entitlements.limits[name];
      return { name, value, source, used: usage && share(name, value, usage) };
    }),
  };
}

export function toPlanChangeResponse(
  { entitlements, exceeded, lost, gained }: PlanChangeOutcome,
  usage: TenantUsage,
): PlanChangeResponse {
  return {
    ...toEntitlementsResponse(entitlements, usage),
    exceeded,
    lostFeatures: lost,
    gainedFeatures: gained,
  };
}

/** Of nothing, nothing is used up and anything is more than all. Four digits are enough for a bar. */
function share(limit: Limit, value: number, usage: TenantUsage): number {
  const { used, allowed } = measured(limit, value, usage);
  if (allowed === 0) return used === 0 ? 0 : 1;
  return Math.round((used / allowed) * 10_000) / 10_000;
}
