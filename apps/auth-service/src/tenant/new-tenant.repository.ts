import { type Plan, PLAN_CATALOGUE, type TenantSnapshot } from '@poc-tracker/contracts';
import { type SqlRunner, toTenantSnapshot } from '@poc-tracker/tenancy';
import { SETTINGS_OF_NEW_TENANT } from './settings/settings-resolution.js';

export interface NewTenant {
  id: string;
  name: string;
  subdomain: string;
  plan: Plan;
  /** True for the one tenant whose users are the operators; only the operators' login may create it. */
  isPlatform?: boolean;
}

const INSERT_TENANT = `
  INSERT INTO tenants (id, name, subdomain, plan_type, features, max_users, max_pocs, max_storage_gb, is_platform)
  VALUES ($1, $2, $3, $4, '{}', $5, $6, $7, $8)`;

const INSERT_SETTINGS = `
  INSERT INTO tenant_settings (tenant_id, setting_key, setting_value)
  SELECT $1, s.key, s.value FROM jsonb_each($2::jsonb) AS s`;

/**
 * Writes a tenant with the limits of its plan and the default settings, in a transaction of the new tenant: as its admin
 * or as an operator.
 * @throws the database's refusal of a subdomain that is in use (TENANT_EXISTS).
 */
export async function insertTenant(
  transaction: SqlRunner,
  { id, name, subdomain, plan, isPlatform = false }: NewTenant,
): Promise<TenantSnapshot> {
  const { maxUsers, maxPocs, maxStorageGb } = PLAN_CATALOGUE[plan].limits;
  const limits = [maxUsers, maxPocs, maxStorageGb];
  await transaction.query(INSERT_TENANT, [id, name, subdomain, plan, ...limits, isPlatform]);
  await transaction.query(INSERT_SETTINGS, [id, JSON.stringify(SETTINGS_OF_NEW_TENANT)]);
  return toTenantSnapshot({
    id,
    name,
    subdomain,
    custom_domain: null,
    plan_type: plan,
    status: 'active',
    features: {},
    max_users: maxUsers,
    max_pocs: maxPocs,
    max_storage_gb: maxStorageGb,
    subscription_ends_at: null,
    rate_limits: null,
    country_policy: null,
    is_platform: isPlatform,
  });
}
