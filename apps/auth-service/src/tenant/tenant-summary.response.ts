import { PickType } from '@nestjs/swagger';
import type { Plan } from '@poc-tracker/contracts';
import { tenantFeatures } from '@poc-tracker/tenancy';
import { resolveSettings, type StoredGroup, valuesOf } from './settings/settings-resolution.js';
import type { TenantBranding } from './tenant.entity.js';
import { TenantResponse, toBrandingResponse } from './tenant.response.js';

/** The tenant of a user, as an app needs it to show its screens. */
export class TenantSummaryResponse extends PickType(TenantResponse, [
  'id',
  'name',
  'subdomain',
  'planType',
  'features',
  'branding',
]) {}

/** The columns of {@link TENANT_SUMMARY}. */
export interface TenantSummaryRow {
  tenantName: string;
  subdomain: string;
  planType: Plan;
  features: unknown;
  branding: TenantBranding;
  /** Null if the tenant has no row for the theme. */
  theme: StoredGroup | null;
}

/** Columns about the tenant `t`, for a statement that reads something else as well and so saves a round trip. */
export const TENANT_SUMMARY = `
  t.name AS "tenantName", t.subdomain, t.plan_type AS "planType", t.features, t.branding,
  (SELECT json_build_object('key', s.setting_key, 'value', s.setting_value, 'chosen', s.chosen)
     FROM tenant_settings s WHERE s.tenant_id = t.id AND s.setting_key = 'theme') AS theme`;

export function toTenantSummary(id: string, row: TenantSummaryRow): TenantSummaryResponse {
  const { tenantName, subdomain, planType, features, branding, theme } = row;
  const settings = valuesOf(resolveSettings(theme === null ? [] : [theme]));
  return {
    id,
    name: tenantName,
    subdomain,
    planType,
    features: tenantFeatures(planType, features),
    branding: toBrandingResponse(branding, settings),
  };
}
