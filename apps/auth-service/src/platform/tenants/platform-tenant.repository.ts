import { Injectable } from '@nestjs/common';
import { type CountryPolicy, isUuid, type Plan, type TenantStatus } from '@poc-tracker/contracts';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';
import type { PlatformTenantRow, PlatformTenantSummary } from './platform-tenant.response.js';

export interface TenantFilter {
  status: TenantStatus | null;
  plan: Plan | null;
  search: string | undefined;
}

/** The columns of a tenant in a list. */
const SUMMARY = `
  t.id, t.name, t.subdomain, t.plan_type AS "planType", t.status,
  t.subscription_ends_at AS "subscriptionEndsAt", t.created_at AS "createdAt"` as const;

/** After the tenant $1, with a status ($2) and a plan ($3), up to $4. */
const CONDITIONS = `($1::uuid IS NULL OR t.id > $1)
     AND ($2::text IS NULL OR t.status = $2)
     AND ($3::text IS NULL OR t.plan_type = $3)` as const;

/* FOR KEY SHARE: the audit entry of this access would stay behind if the tenant were deleted at the same time. */
const PAGE = `
   ORDER BY t.id LIMIT $4
     FOR KEY SHARE` as const;

/** One page of tenants, in the order of their creation. */
export const LIST_TENANTS = `
  SELECT ${SUMMARY} FROM tenants t
   WHERE ${CONDITIONS} ${PAGE}` as const;

/** The same, of the tenants whose name or subdomain starts with $5. Compares with the bounds of the prefix, as the indexes do. */
export const SEARCH_TENANTS = `
  SELECT ${SUMMARY} FROM tenants t
   WHERE ${CONDITIONS}
     AND ((search_key(t.name) COLLATE "C" >= search_key($5) AND search_key(t.name) COLLATE "C" < search_key($5) || chr(1114111))
       OR (t.subdomain COLLATE "C" >= lower($5) AND t.subdomain COLLATE "C" < lower($5) || chr(1114111))) ${PAGE}` as const;

/* FOR KEY SHARE: see PAGE. */
const FIND = `
  SELECT ${SUMMARY}, t.is_platform AS "isPlatform", t.status_reason AS "statusReason",
         t.billing_email AS "billingEmail", t.deleted_at AS "deletedAt", t.updated_at AS "updatedAt",
         u.user_count AS "userCount", u.poc_count AS "pocCount", u.storage_bytes AS "storageBytes",
         t.max_users AS "maxUsers", t.max_pocs AS "maxPocs", t.max_storage_gb AS "maxStorageGb"
    FROM tenants t LEFT JOIN tenant_usage u ON u.tenant_id = t.id
   WHERE t.id = $1
     FOR KEY SHARE OF t`;

const FIND_ID = 'SELECT id FROM tenants WHERE id = $1';
const FIND_ID_BY_SUBDOMAIN = 'SELECT id FROM tenants WHERE subdomain = $1';

const LOCK = 'SELECT id FROM tenants WHERE id = $1 FOR KEY SHARE';

/** Switches the country policy off and keeps its lists. Returns what it was. */
const RESET_COUNTRY_POLICY = `
  UPDATE tenant_settings s SET setting_value = s.setting_value || '{"countryPolicy": "off"}'
    FROM (SELECT tenant_id, setting_value ->> 'countryPolicy' AS mode FROM tenant_settings
           WHERE tenant_id = $1 AND setting_key = 'security' AND setting_value ->> 'countryPolicy' IN ('observe', 'enforce')
             FOR UPDATE) o
   WHERE s.tenant_id = o.tenant_id AND s.setting_key = 'security'
  RETURNING o.mode`;

/** The tenants of the platform, as operators see them. */
@Injectable()
export class PlatformTenantRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** Tenants in the order of their creation, after the one with this id. */
  async list(
    transaction: SqlRunner,
    { status, plan, search }: TenantFilter,
    after: string | null,
    limit: number,
  ): Promise<PlatformTenantSummary[]> {
    const params = [after, status, plan, limit];
    return search === undefined
      ? transaction.query<PlatformTenantSummary>(LIST_TENANTS, params)
      : transaction.query<PlatformTenantSummary>(SEARCH_TENANTS, [...params, search]);
  }

  async find(transaction: SqlRunner, tenantId: string): Promise<PlatformTenantRow | null> {
    const [row] = await transaction.query<PlatformTenantRow>(FIND, [tenantId]);
    return row ?? null;
  }

  /** The id of the tenant with this id or subdomain, in lower case. */
  async findId(idOrSubdomain: string): Promise<string | null> {
    const sql = isUuid(idOrSubdomain) ? FIND_ID : FIND_ID_BY_SUBDOMAIN;
    const [found] = await this.database.query<{ id: string }>(sql, [idOrSubdomain]);
    return found?.id ?? null;
  }

  /** Switches the country policy of a tenant off. @returns what it was, or null if it was off already. */
  async resetCountryPolicy(
    transaction: SqlRunner,
    tenantId: string,
  ): Promise<CountryPolicy['mode'] | null> {
    const [reset] = await transaction.query<{ mode: CountryPolicy['mode'] }>(RESET_COUNTRY_POLICY, [
      tenantId,
    ]);
    return reset?.mode ?? null;
  }

  /** Keeps a tenant from being deleted until the transaction ends. @returns whether it exists. */
  async lock(transaction: SqlRunner, tenantId: string): Promise<boolean> {
    return (await transaction.query(LOCK, [tenantId])).length > 0;
  }
}
