import { ApiProperty } from '@nestjs/swagger';
import {
  type FeatureSet,
  type Plan,
  PLANS,
  type TenantLimits,
  type TenantStatus,
  TENANT_STATUSES,
} from '@poc-tracker/contracts';
import { tenantFeatures } from '@poc-tracker/tenancy';
import type { TenantSettings } from './settings/settings-catalogue.js';
import { DEFAULT_TENANT_SETTINGS } from './settings/settings-resolution.js';
import { SETTINGS_SCHEMA } from './settings/settings.schema.js';
import type { Tenant } from './tenant.entity.js';

export class FeaturesResponse implements FeatureSet {
  @ApiProperty({ example: true })
  real_time_dojos: boolean;

  @ApiProperty({ example: false })
  video_generation: boolean;

  @ApiProperty({ example: false })
  advanced_analytics: boolean;

  @ApiProperty({ example: false })
  api_access: boolean;
}

export class LimitsResponse implements TenantLimits {
  @ApiProperty({ example: 10 })
  maxUsers: number;

  @ApiProperty({ example: 100 })
  maxPocs: number;

  @ApiProperty({ description: 'In GiB.', example: 5 })
  maxStorageGb: number;
}

class BrandingResponse {
  @ApiProperty({ type: String, nullable: true, format: 'uri', example: null })
  logoUrl: string | null;

  @ApiProperty({ example: '#2563eb' })
  primaryColor: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Resolves to the tenant, as its subdomain does.',
    example: null,
  })
  customDomain: string | null;
}

/** A tenant as its users see it. */
export class TenantResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' })
  id: string;

  @ApiProperty({ example: 'Acme Ltda' })
  name: string;

  @ApiProperty({ example: 'acme' })
  subdomain: string;

  @ApiProperty({ enum: PLANS, example: 'basic' })
  planType: Plan;

  @ApiProperty({ enum: TENANT_STATUSES, example: 'active' })
  status: TenantStatus;

  @ApiProperty({
    type: FeaturesResponse,
    description: 'The features of the plan with the overrides of the tenant.',
  })
  features: FeaturesResponse;

  @ApiProperty({ type: LimitsResponse })
  limits: LimitsResponse;

  @ApiProperty({ type: BrandingResponse })
  branding: BrandingResponse;

  @ApiProperty(SETTINGS_SCHEMA)
  settings: TenantSettings;

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'email',
    description: 'Where invoices are sent. Null for users without the permission manage_settings.',
    example: 'finance@acme.example',
  })
  billingEmail: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  subscriptionEndsAt: Date | null;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: Date;

  @ApiProperty({ type: String, format: 'date-time' })
  updatedAt: Date;
}

/** Lists each field, because the row also contains fields that only operators may see. */
export function toTenantResponse(tenant: Tenant, settings: TenantSettings): TenantResponse {
  const { id, name, subdomain, planType, status, maxUsers, maxPocs, maxStorageGb, branding } =
    tenant;
  return {
    id,
    name,
    subdomain,
    planType,
    status,
    features: tenantFeatures(planType, tenant.features),
    limits: { maxUsers, maxPocs, maxStorageGb },
    branding: toBrandingResponse(branding, settings),
    settings,
    billingEmail: tenant.billingEmail,
    subscriptionEndsAt: tenant.subscriptionEndsAt,
    createdAt: tenant.createdAt,
    updatedAt: tenant.updatedAt,
  };
}

export function toBrandingResponse(
  branding: Tenant['branding'],
  settings: Pick<TenantSettings, 'theme'>,
): BrandingResponse {
  return {
    logoUrl: branding.logo_url ?? null,
    primaryColor: primaryColor(branding, settings),
    customDomain: branding.custom_domain ?? null,
  };
}

/** A new row contains the default color, which no admin chose; the color of the theme may be a choice. */
function primaryColor(
  { primary_color }: Tenant['branding'],
  { theme }: Pick<TenantSettings, 'theme'>,
): string {
  const isChosen = primary_color !== DEFAULT_TENANT_SETTINGS.theme.primaryColor;
  return isChosen ? (primary_color ?? theme.primaryColor) : theme.primaryColor;
}
