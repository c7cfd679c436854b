import { Injectable } from '@nestjs/common';
import { ApiError, type RateLimitOverrides } from '@poc-tracker/contracts';
import { RateLimitPolicy, RefusedRequests } from '@poc-tracker/rate-limit';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import {
  type RateLimitsResponse,
  toRateLimitsResponse,
} from '../../rate-limits/rate-limits.response.js';
import { OperatorAccess } from '../access/operator-access.js';
import type { OperatorActor } from '../operator-actor.js';
import type { UpdateTenantRateLimitsDto } from './tenant-rate-limits.dto.js';
import { TenantRateLimitsRepository } from './tenant-rate-limits.repository.js';

/** The rate limits of a tenant that differ from the settings. Every access is recorded in the audit log of the tenant. */
@Injectable()
export class TenantRateLimitsService {
  constructor(
    private readonly database: PlatformDatabase,
    private readonly tenants: TenantRateLimitsRepository,
    private readonly events: SecurityEvents,
    private readonly accesses: OperatorAccess,
    private readonly policy: RateLimitPolicy,
    private readonly refused: RefusedRequests,
  ) {}

  /** @throws ApiError NOT_FOUND. */
  async get(tenantId: string, actor: OperatorActor): Promise<RateLimitsResponse> {
    const { operatorId } = actor;
    return this.database.transaction({ tenantId, operatorId }, async (transaction) => {
      const tenant = await this.tenants.find(transaction, tenantId);
      if (tenant === null) throw new ApiError('NOT_FOUND');
      await this.accesses.record(transaction, { tenantId, action: 'rate-limits' }, actor);
      return toRateLimitsResponse(this.policy, tenant.rateLimits ?? undefined);
    });
  }

  /** Replaces all of them. Refusals that this instance remembers are asked again. @throws ApiError NOT_FOUND. */
  async update(
    tenantId: string,
    { rules, shadow }: UpdateTenantRateLimitsDto,
    { operatorId }: OperatorActor,
  ): Promise<RateLimitsResponse> {
    const overrides: RateLimitOverrides = {
      rules: Object.fromEntries(rules.map(({ name, value }) => [name, value])),
      shadow,
    };
    const isEmpty = rules.length === 0 && shadow.length === 0;
    await this.database.transaction({ tenantId, operatorId }, async (transaction) => {
      const stored = isEmpty ? null : overrides;
      if (!(await this.tenants.change(transaction, tenantId, stored)))
        throw new ApiError('NOT_FOUND');
      await this.events.recordIn(transaction, {
        type: 'tenant.rate_limits_changed',
        result: 'success',
        actorId: operatorId,
        target: { type: 'tenant', id: tenantId },
        details: { ...overrides },
      });
    });
    this.refused.clear();
    return toRateLimitsResponse(this.policy, overrides);
  }
}
