import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { Tenant, TenantSetting } from './tenant.entity.js';
import { LATEST_EVENTS } from './entitlements/tenant-usage.warnings.js';

/** What a tenant uses and may use, as its row counts it. bigint arrives as text. */
export interface TenantUsageRow {
  user_count: number;
  poc_count: number;
  storage_bytes: string;
  max_users: number;
  max_pocs: number;
  max_storage_gb: number;
  /** When each limit was last neared or reached, by `<resource>.<level>`. */
  events: Record<string, string | null>;
}

/** Of the tenant at hand. */
export const USAGE = `
  SELECT u.user_count, u.poc_count, u.storage_bytes, t.max_users, t.max_pocs, t.max_storage_gb, ${LATEST_EVENTS} AS events
    FROM tenant_usage u JOIN tenants t ON t.id = u.tenant_id`;

/**
 * Rows of the tenant whose transaction is open; policies hide all others, so no query names one.
 */
@Injectable()
export class TenantRepository {
  constructor(private readonly database: TenantDatabase) {}

  async insert(
    tenant: Pick<
      Tenant,
      | 'id'
      | 'name'
      | 'subdomain'
      | 'planType'
      | 'maxUsers'
      | 'maxPocs'
      | 'maxStorageGb'
      | 'features'
    >,
    settings: object,
  ): Promise<void> {
    const manager = await this.database.manager();
    await manager.insert(Tenant, tenant);
    const rows = Object.entries(settings).map(([key, value]: [string, object]) => ({
      tenantId: tenant.id,
      key,
      value,
    }));
    await manager.insert(TenantSetting, rows);
  }

  async findCurrent(): Promise<Tenant | undefined> {
    const manager = await this.database.manager();
    const [tenant] = await manager.find(Tenant);
    return tenant;
  }

  async findUsage(): Promise<TenantUsageRow | undefined> {
    const [usage] = await this.database.query<TenantUsageRow>(USAGE);
    return usage;
  }
}
