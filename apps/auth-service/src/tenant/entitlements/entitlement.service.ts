import { Injectable } from '@nestjs/common';
import { ApiError, entitlementsOf, type PlanChange, planChange } from '@poc-tracker/contracts';
import type { SqlRunner } from '@poc-tracker/tenancy';
import {
  type EntitlementsResponse,
  type PlanChangeResponse,
  toEntitlementsResponse,
  toPlanChangeResponse,
} from './entitlement.response.js';
import { EntitlementRepository } from './entitlement.repository.js';
import { overridesOf, usageOf } from './entitlement.rules.js';

/** The entitlements of tenants: their plan and its overrides. */
@Injectable()
export class EntitlementService {
  constructor(private readonly tenants: EntitlementRepository) {}

  /**
   * The entitlements of the current transaction's tenant.
   * @param options.withUsage whether the caller may see the usage.
   * @throws ApiError INVALID_TENANT if the tenant was deleted.
   */
  async current(options: { withUsage: boolean }): Promise<EntitlementsResponse> {
    const row = await this.tenants.findCurrent();
    if (row === null) throw new ApiError('INVALID_TENANT');
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
    const row = await this.tenants.lock(transaction, tenantId);
    if (row === null) throw new ApiError('NOT_FOUND');
    const current = { plan: row.plan_type, overrides: overridesOf(row) };
    const planned = planChange(current, change, usageOf(row));
    await this.tenants.change(transaction, tenantId, planned, change.subscriptionEndsAt);
    // The usage may have grown before the limits were written; from here on it cannot change until the commit.
    const after = await this.tenants.lock(transaction, tenantId);
    const usage = usageOf(after ?? row);
    return toPlanChangeResponse(planChange(current, change, usage), usage);
  }
}
