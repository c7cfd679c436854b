import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError, type LimitDetails, type TenantSnapshot } from '@poc-tracker/contracts';
import type { SqlRunner } from '@poc-tracker/tenancy';
import { insertTenant, type NewTenant } from './new-tenant.repository.js';
import type { TenantSettings } from './settings/settings-catalogue.js';
import { SettingsService } from './settings/settings.service.js';
import { findOperatorsTenant } from './operators-tenant.repository.js';
import { TenantRepository } from './tenant.repository.js';
import { type TenantResponse, toTenantResponse } from './tenant.response.js';
import { type LimitedUsage, toLimitedUsage } from './entitlements/tenant-usage.response.js';

/** The tenant of the current transaction, for the other modules. */
@Injectable()
export class TenantService {
  constructor(
    private readonly tenants: TenantRepository,
    private readonly settingsService: SettingsService,
  ) {}

  /**
   * The id of the tenant whose users are the operators, or null if it does not exist yet.
   * @param runner an operator's transaction, or the operators' login. The policies hide the row from other tenants.
   */
  async findOperatorsTenant(runner: SqlRunner): Promise<string | null> {
    return findOperatorsTenant(runner);
  }

  /**
   * Writes a new tenant with the limits of its plan and the default settings.
   * @param transaction of the new tenant's id, as its admin or as an operator
   * @throws the database's refusal of a subdomain that is in use (TENANT_EXISTS).
   */
  async create(transaction: SqlRunner, tenant: NewTenant): Promise<TenantSnapshot> {
    return insertTenant(transaction, tenant);
  }

  /** @throws ApiError INVALID_TENANT if the tenant was deleted. */
  async current(): Promise<TenantResponse> {
    const tenant = await this.tenants.findCurrent();
    if (tenant === undefined) throw new ApiError('INVALID_TENANT');
    return toTenantResponse(tenant, await this.settings());
  }

  /** The same for a user: the billing email only for those who can change it. @throws ApiError INVALID_TENANT. */
  async currentFor({ permissions }: Pick<Principal, 'permissions'>): Promise<TenantResponse> {
    const tenant = await this.current();
    return permissions.includes('manage_settings') ? tenant : { ...tenant, billingEmail: null };
  }

  /** Call it outside of a transaction. The database decides when two tenants are created at once. */
  async isSubdomainTaken(subdomain: string): Promise<boolean> {
    return this.tenants.isSubdomainTaken(subdomain);
  }

  /**
   * Call it in a transaction with the permission view_usage. The database decides when users are created at once.
   * @throws ApiError USER_LIMIT_EXCEEDED if the tenant has no seat for another user.
   */
  async assertSeatIsFree(): Promise<void> {
    const { users, pocs, storageGb } = await this.usage();
    if (users.used < users.limit) return;
    const details: LimitDetails = {
      limits: { maxUsers: users.limit, maxPocs: pocs.limit, maxStorageGb: storageGb.limit },
      usage: { users: users.used, pocs: pocs.used, storageGb: storageGb.used },
    };
    throw new ApiError('USER_LIMIT_EXCEEDED', { details });
  }

  async settings(): Promise<TenantSettings> {
    return this.settingsService.values();
  }

  /** The usage of what a plan limits. @throws ApiError INVALID_TENANT if the tenant was deleted. */
  async usage(): Promise<LimitedUsage> {
    const usage = await this.tenants.findUsage();
    if (usage === undefined) throw new ApiError('INVALID_TENANT');
    return toLimitedUsage(usage);
  }
}
