import { Injectable } from '@nestjs/common';
import {
  ApiError,
  entitlementsOf,
  type PlanChange,
  planChange,
  plainEntitlements,
} from '@poc-tracker/contracts';
import { type SqlRunner, TenantDatabase } from '@poc-tracker/tenancy';
import {
  type EntitlementsResponse,
  type PlanChangeResponse,
  toEntitlementsResponse,
  toPlanChangeResponse,
} from './entitlement.response.js';
import {
  ENTITLEMENT_COLUMNS,
  type EntitlementRow,
  overridesOf,
  usageOf,
} from './entitlement.rules.js';

/* Without the permission view_usage the usage is not visible, and its columns are null. */
const CURRENT = `
  SELECT ${ENTITLEMENT_COLUMNS} FROM tenants t LEFT JOIN tenant_usage u ON u.tenant_id = t.id`;

/* Locked, so that the second of two parallel changes starts from the result of the first. */
const LOCKED = `${CURRENT} WHERE t.id = $1 FOR NO KEY UPDATE OF t`;

const CHANGE = `
  UPDATE tenants
     SET plan_type = $2, features = $3, limit_overrides = $4, max_users = $5, max_pocs = $6, max_storage_gb = $7,
         subscription_ends_at = CASE WHEN $8 THEN $9 ELSE subscription_ends_at END
   WHERE id = $1`;

/** The entitlements of tenants: their plan and its overrides. */
@Injectable()
export class EntitlementService {
  constructor(private readonly database: TenantDatabase) {}

  /**
   * The entitlements of the current transaction's tenant.
   * @param options.withUsage whether the caller may see the usage.
   * @throws ApiError INVALID_TENANT if the tenant was deleted.
   */
  async current(options: { withUsage: boolean }): Promise<EntitlementsResponse> {
    const [row] = await this.database.query<EntitlementRow>(CURRENT);
    if (row === undefined) throw new ApiError('INVALID_TENANT');
    const entitlements = entitlementsOf(row.plan_type, overridesOf(row));
    return toEntitlementsResponse(entitlements, options.withUsage ? usageOf(row) : null);
  }

  /**
   * Changes the plan of a tenant, its overrides or the end of its subscription. Omitted values stay as they are. If the usage
   * exceeds a new limit, nothing is deleted; the answer lists it, and the database refuses more usage.
   * @param transaction an operator's
   * @param change satisfies the rules of ChangePlanDto
   * @throws ApiError NOT_FOUND.
   */
  async changePlan(
    transaction: SqlRunner,
    tenantId: string,
    change: PlanChange,
  ): Promise<PlanChangeResponse> {
    const { subscriptionEndsAt } = change;
    const [row] = await transaction.query<EntitlementRow>(LOCKED, [tenantId]);
    if (row === undefined) throw new ApiError('NOT_FOUND');
    const current = { plan: row.plan_type, overrides: overridesOf(row) };
    const planned = planChange(current, change, usageOf(row));
    const { limits } = plainEntitlements(planned.entitlements);
    await transaction.query(CHANGE, [
      tenantId,
      planned.entitlements.plan,
      JSON.stringify(planned.overrides.features),
      JSON.stringify(planned.overrides.limits),
      limits.maxUsers,
      limits.maxPocs,
      limits.maxStorageGb,
      subscriptionEndsAt !== undefined,
      subscriptionEndsAt ?? null,
    ]);
    // The usage may have grown before the limits were written; from here on it cannot change until the commit.
    const [after] = await transaction.query<EntitlementRow>(LOCKED, [tenantId]);
    const usage = usageOf(after ?? row);
    return toPlanChangeResponse(planChange(current, change, usage), usage);
  }
}
