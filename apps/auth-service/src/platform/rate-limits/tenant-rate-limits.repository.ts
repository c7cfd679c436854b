import { Injectable } from '@nestjs/common';
import type { RateLimitOverrides } from '@poc-tracker/contracts';
import type { SqlRunner } from '@poc-tracker/tenancy';

/* FOR KEY SHARE: the audit entry of this access would stay behind if the tenant were deleted at the same time. */
const FIND = 'SELECT rate_limits AS "rateLimits" FROM tenants WHERE id = $1 FOR KEY SHARE';

const CHANGE = 'UPDATE tenants SET rate_limits = $2 WHERE id = $1 RETURNING id';

/** The rate limits that operators have set for tenants. */
@Injectable()
export class TenantRateLimitsRepository {
  /** @returns null without such a tenant. */
  async find(
    transaction: SqlRunner,
    tenantId: string,
  ): Promise<{ rateLimits: RateLimitOverrides | null } | null> {
    const [row] = await transaction.query<{ rateLimits: RateLimitOverrides | null }>(FIND, [
      tenantId,
    ]);
    return row ?? null;
  }

  /** @returns whether there is such a tenant. */
  async change(
    transaction: SqlRunner,
    tenantId: string,
    overrides: RateLimitOverrides | null,
  ): Promise<boolean> {
    const params = [tenantId, overrides === null ? null : JSON.stringify(overrides)];
    return (await transaction.query(CHANGE, params)).length > 0;
  }
}
