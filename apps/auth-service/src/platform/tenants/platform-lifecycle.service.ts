import { Injectable, Logger } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import {
  TenantLifecycleService,
  type StateChange,
} from '../../tenant/lifecycle/tenant-lifecycle.service.js';
import type { StateMove } from '../../tenant/lifecycle/tenant-moves.js';
import { TenantPurgeService } from '../../tenant/lifecycle/tenant-purge.service.js';
import type { OperatorActor } from '../operator-actor.js';
import type { PlatformTenantResponse } from './platform-tenant.response.js';
import { findTenant } from './platform-tenant.service.js';
import { toApiError } from '../../constraint-codes.js';

const SUBDOMAIN = 'SELECT subdomain FROM tenants WHERE id = $1';

/** A trail whose tenant is deleted in this moment would stay behind. */
const HELD = 'SELECT id FROM tenants WHERE id = $1 FOR KEY SHARE';

/** The states of tenants, as operators change them: each with a reason that its own trail keeps. */
@Injectable()
export class PlatformLifecycleService {
  private readonly logger = new Logger(PlatformLifecycleService.name);

  constructor(
    private readonly database: PlatformDatabase,
    private readonly events: SecurityEvents,
    private readonly lifecycle: TenantLifecycleService,
    private readonly purges: TenantPurgeService,
  ) {}

  /** @returns the tenant as it then is. @throws ApiError NOT_FOUND; INVALID_TRANSITION, naming what is allowed. */
  async move(
    move: StateMove,
    tenantId: string,
    reason: string,
    actor: OperatorActor,
  ): Promise<PlatformTenantResponse> {
    return this.change(tenantId, reason, actor, move, async (transaction, change) => {
      await this.lifecycle.move(transaction, move, change);
      return findTenant(transaction, tenantId);
    });
  }

  /**
   * Begins to delete a canceled tenant for good. What it has is deleted after the answer, by this instance or, should it
   * end, by the schedule of another.
   * @param confirmSubdomain the tenant's subdomain once more
   * @returns when all is deleted; the answer to a client need not wait for that
   * @throws ApiError NOT_FOUND; INVALID_TRANSITION unless it is canceled; VALIDATION_ERROR for another subdomain.
   */
  async beginPurge(
    tenantId: string,
    { reason, confirmSubdomain }: { reason: string; confirmSubdomain: string },
    actor: OperatorActor,
  ): Promise<void> {
    await this.change(tenantId, reason, actor, 'purge', async (transaction, change) => {
      const [tenant] = await transaction.query<{ subdomain: string }>(SUBDOMAIN, [tenantId]);
      if (tenant === undefined) throw new ApiError('NOT_FOUND');
      if (tenant.subdomain !== confirmSubdomain) {
        const message = 'must repeat the subdomain of the tenant';
        throw ApiError.validation({ field: 'confirmSubdomain', message });
      }
      await this.lifecycle.beginPurge(transaction, change);
    });
  }

  /** Deletes what a purge that has begun is to delete. */
  purge(tenantId: string): Promise<void> {
    return this.purges.purge(tenantId);
  }

  /** The same without waiting: whatever is left when it fails is deleted by the schedule. */
  purgeLater(tenantId: string): void {
    this.purges.purge(tenantId).catch((error: unknown) => {
      this.logger.warn(
        `The purge of ${tenantId} was cut off; the schedule goes on with it: ${String(error)}`,
      );
    });
  }

  private async change<T>(
    tenantId: string,
    reason: string,
    actor: OperatorActor,
    action: string,
    work: (transaction: SqlRunner, change: StateChange) => Promise<T>,
  ): Promise<T> {
    const { operatorId } = actor;
    try {
      return await this.database.transaction({ tenantId, operatorId }, async (transaction) => {
        const done = await work(transaction, { tenantId, operatorId, reason });
        await this.record(transaction, tenantId, 'success', actor, { action, reason });
        return done;
      });
    } catch (error) {
      const refusal = error instanceof ApiError ? error : toApiError(error);
      if (refusal !== undefined && refusal.status < 500)
        await this.recordRefusal(tenantId, actor, { action, reason, code: refusal.code });
      throw error;
    }
  }

  /** A refusal tells the operator of the tenant's state. It is recorded although nothing else remains. */
  private async recordRefusal(
    tenantId: string,
    actor: OperatorActor,
    details: Record<string, string>,
  ): Promise<void> {
    const { operatorId } = actor;
    await this.database.transaction({ tenantId, operatorId }, async (transaction) => {
      const [tenant] = await transaction.query(HELD, [tenantId]);
      if (tenant !== undefined) await this.record(transaction, tenantId, 'failure', actor, details);
    });
  }

  private async record(
    transaction: SqlRunner,
    tenantId: string,
    result: 'success' | 'failure',
    { operatorId, details }: OperatorActor,
    more: Record<string, string>,
  ): Promise<void> {
    await this.events.recordAsOperator(transaction, tenantId, {
      type: 'operator.accessed',
      result,
      actorId: operatorId,
      target: { type: 'tenant', id: tenantId },
      details: { ...more, ...details },
    });
  }
}
