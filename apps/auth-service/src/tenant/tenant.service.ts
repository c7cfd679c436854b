import { Injectable } from '@nestjs/common';
import { ApiError, PLAN_CATALOGUE, type Plan, type TenantSnapshot } from '@poc-tracker/contracts';
import { toTenantSnapshot } from '@poc-tracker/tenancy';
import type { TenantSettings } from './settings/settings-catalogue.js';
import { SETTINGS_OF_NEW_TENANT } from './settings/settings-resolution.js';
import { SettingsService } from './settings/settings.service.js';
import { TenantRepository } from './tenant.repository.js';
import { type TenantResponse, toTenantResponse } from './tenant.response.js';
import {
  type TenantUsageResponse,
  toTenantUsageResponse,
} from './entitlements/tenant-usage.response.js';

/**
 * The tenant's side of things for all other modules. Every method acts on the tenant of the current
 * transaction.
 */
@Injectable()
export class TenantService {
  constructor(
    private readonly tenants: TenantRepository,
    private readonly settingsService: SettingsService,
  ) {}

  /**
   * Writes a new tenant with the limits of its plan and the default settings. The caller has opened
   * the transaction for the new id, with role admin.
   * @throws the database's refusal of a taken subdomain (TENANT_EXISTS).
   */
  async create({ id, name, subdomain, plan }: NewTenant): Promise<TenantSnapshot> {
    const { limits } = PLAN_CATALOGUE[plan];
    const features = {};
    await this.tenants.insert(
      { id, name, subdomain, planType: plan, features, ...limits },
      SETTINGS_OF_NEW_TENANT,
    );
    return toTenantSnapshot({
      id,
      name,
      subdomain,
      custom_domain: null,
      plan_type: plan,
      status: 'active',
      features,
      max_users: limits.maxUsers,
      max_pocs: limits.maxPocs,
      max_storage_gb: limits.maxStorageGb,
      subscription_ends_at: null,
      is_platform: false,
    });
  }

  /** @throws ApiError INVALID_TENANT when the tenant is gone. */
  async current(): Promise<TenantResponse> {
    const tenant = await this.tenants.findCurrent();
    if (tenant === undefined) throw new ApiError('INVALID_TENANT');
    return toTenantResponse(tenant, await this.settings());
  }

  async settings(): Promise<TenantSettings> {
    return this.settingsService.values();
  }

  /** @throws ApiError INVALID_TENANT when the tenant is gone. */
  async usage(): Promise<TenantUsageResponse> {
    const usage = await this.tenants.findUsage();
    if (usage === undefined) throw new ApiError('INVALID_TENANT');
    return toTenantUsageResponse(usage);
  }
}

interface NewTenant {
  id: string;
  name: string;
  subdomain: string;
  plan: Plan;
}
