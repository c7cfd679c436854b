import type { FeatureSet, Plan, TenantStatus } from '@poc-tracker/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The branding of a tenant, with the names of the JSON column. */
export interface TenantBranding {
  logo_url: string | null;
  primary_color: string;
  custom_domain: string | null;
}

/** An organization with its own users and data. Row-level security shows a transaction its own tenant only. */
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

  /** The differences from the features of the plan. An empty object follows the plan when it changes. */
  @Column({ type: 'jsonb' })
  features: Partial<FeatureSet>;

  @Column({ type: 'jsonb' })
  branding: TenantBranding;

  @Column({ type: 'text' })
  status: TenantStatus;

  @Column({ name: 'subscription_ends_at', type: 'timestamptz', nullable: true })
  subscriptionEndsAt: Date | null;

  @Column({ name: 'billing_email', type: 'varchar', length: 255, nullable: true })
  billingEmail: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}

/** The entities of the module, for the data source. */
export const TENANT_ENTITIES = [Tenant];
