import { Injectable } from '@nestjs/common';
import { plainEntitlements, type PlanChangeOutcome } from '@poc-tracker/contracts';
import { type SqlRunner, TenantDatabase } from '@poc-tracker/tenancy';
import { ENTITLEMENT_COLUMNS, type EntitlementRow } from './entitlement.rules.js';

/* Without the permission view_usage the usage is not visible, and its columns are null. */
const CURRENT = `
  SELECT ${ENTITLEMENT_COLUMNS} FROM tenants t LEFT JOIN tenant_usage u ON u.tenant_id = t.id`;

const LOCK = `${CURRENT} WHERE t.id = $1 FOR NO KEY UPDATE OF t`;

const CHANGE = `
  UPDATE tenants
     SET plan_type = $2, features = $3, limit_overrides = $4, max_users = $5, max_pocs = $6, max_storage_gb = $7,
         subscription_ends_at = CASE WHEN $8 THEN $9 ELSE subscription_ends_at END
   WHERE id = $1`;

/** The plan of tenants and its overrides, with their usage. */
@Injectable()
export class EntitlementRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** Of the current transaction's tenant. */
  async findCurrent(): Promise<EntitlementRow | null> {
    const [row] = await this.database.query<EntitlementRow>(CURRENT);
    return row ?? null;
  }

  /** Locks the tenant, so that the second of two parallel changes starts from the result of the first. */
  async lock(transaction: SqlRunner, tenantId: string): Promise<EntitlementRow | null> {
    const [row] = await transaction.query<EntitlementRow>(LOCK, [tenantId]);
    return row ?? null;
  }

  /** @param subscriptionEndsAt undefined: stays as it is. */
  async change(
    transaction: SqlRunner,
    tenantId: string,
    { entitlements, overrides }: Pick<PlanChangeOutcome, 'entitlements' | 'overrides'>,
    subscriptionEndsAt: string | null | undefined,
  ): Promise<void> {
    const { limits } = plainEntitlements(entitlements);
    await transaction.query(CHANGE, [
      tenantId,
      entitlements.plan,
      JSON.stringify(overrides.features),
      JSON.stringify(overrides.limits),
      limits.maxUsers,
      limits.maxPocs,
      limits.maxStorageGb,
      subscriptionEndsAt !== undefined,
      subscriptionEndsAt ?? null,
    ]);
  }
}
