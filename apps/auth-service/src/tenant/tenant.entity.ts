import type { FeatureSet, Plan, TenantStatus } from '@poc-tracker/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How a tenant presents itself; stored in the names of the column's JSON. */
export interface TenantBranding {
  logo_url: string | null;
  primary_color: string;
  custom_domain: string | null;
}

/**
 * An organisation with its own people and data. Reading it needs no condition: a transaction sees
 * its own only.
 */
@Entity('tenants')
export class Tenant {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'varchar', length: 255 })
  name: string;

  @Column({ type: 'varchar', length: 100 })
  subdomain: string;

  @Column({ name: 'plan_type', type: 'text' })
  planType: Plan;

  @Column({ name: 'max_users', type: 'int' })
  maxUsers: number;

  @Column({ name: 'max_pocs', type: 'int' })
  maxPocs: number;

  /** In GiB. */
  @Column({ name: 'max_storage_gb', type: 'int' })
  maxStorageGb: number;

  /**
   * What differs from the plan's features; an empty object follows the plan through every change of
   * it.
   */
  @Column({ type: 'jsonb' })
  features: Partial<FeatureSet>;

  @Column({ type: 'jsonb' })
  branding: TenantBranding;

  @Column({ type: 'text' })
  status: TenantStatus;

  @Column({ name: 'subscription_ends_at', type: 'timestamptz', nullable: true })
  subscriptionEndsAt: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}

/** One group of a tenant's settings. */
@Entity('tenant_settings')
export class TenantSetting {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @PrimaryColumn({ name: 'setting_key', type: 'varchar', length: 100 })
  key: string;

  @Column({ name: 'setting_value', type: 'jsonb' })
  value: object;
}

/** The module's tables, for the one data source. */
export const TENANT_ENTITIES = [Tenant, TenantSetting];
