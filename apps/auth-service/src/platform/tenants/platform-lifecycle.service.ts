import { Injectable, Logger } from '@nestjs/common';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';
import { withRefusalRecorded } from '../../audit/security-events.js';
import {
  TenantLifecycleService,
  type StateChange,
} from '../../tenant/lifecycle/tenant-lifecycle.service.js';
import type { StatusTransition } from '../../tenant/lifecycle/tenant-transitions.js';
import { TenantPurgeService } from '../../tenant/lifecycle/tenant-purge.service.js';
import { type Access, OperatorAccess } from '../access/operator-access.js';
import type { OperatorActor } from '../operator-actor.js';
import { PlatformTenantRepository } from './platform-tenant.repository.js';
import type { PlatformTenantResponse } from './platform-tenant.response.js';
import { PlatformTenantService } from './platform-tenant.service.js';

/** Changes of a tenant's status by operators, each with a reason that is recorded in the tenant's audit log. */
@Injectable()
export class PlatformLifecycleService {
  private readonly logger = new Logger(PlatformLifecycleService.name);

  constructor(
    private readonly database: PlatformDatabase,
    private readonly tenants: PlatformTenantService,
    private readonly repository: PlatformTenantRepository,
    private readonly accesses: OperatorAccess,
    private readonly lifecycle: TenantLifecycleService,
    private readonly purges: TenantPurgeService,
  ) {}

  /** @returns the changed tenant. @throws ApiError NOT_FOUND; INVALID_TRANSITION with the allowed transitions. */
  async transition(
    transition: StatusTransition,
    tenantId: string,
    reason: string,
    actor: OperatorActor,
  ): Promise<PlatformTenantResponse> {
    return this.change(tenantId, reason, actor, transition, async (transaction, change) => {
      await this.lifecycle.transition(transaction, transition, change);
      return this.tenants.getIn(transaction, tenantId);
    });
  }

  /**
   * Begins to delete a canceled tenant permanently. `purge`, or the scheduled job if that is interrupted, deletes its data.
   * @param confirmSubdomain the subdomain of the tenant, as a confirmation
   * @throws ApiError NOT_FOUND; INVALID_TRANSITION unless it is canceled; VALIDATION_ERROR if the subdomain does not match.
   */
  async beginPurge(
    tenantId: string,
    { reason, confirmSubdomain }: { reason: string; confirmSubdomain: string },
    actor: OperatorActor,
  ): Promise<void> {
    await this.change(tenantId, reason, actor, 'purge', async (transaction, change) => {
      await this.lifecycle.beginPurge(transaction, { ...change, confirmSubdomain });
    });
  }

  /** Deletes the data of a tenant whose purge has begun. */
  purge(tenantId: string): Promise<void> {
    return this.purges.purge(tenantId);
  }

  /** The same without waiting. If it fails, the scheduled job continues. */
  purgeLater(tenantId: string): void {
    this.purges.purge(tenantId).catch((error: unknown) => {
      this.logger.warn(
        `The purge of tenant ${tenantId} was interrupted; the scheduled job continues it: ${String(error)}`,
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
    return withRefusalRecorded(
      () =>
        this.database.transaction({ tenantId, operatorId }, async (transaction) => {
          const done = await work(transaction, { tenantId, operatorId, reason });
          await this.accesses.record(transaction, { tenantId, action, reason }, actor);
          return done;
        }),
      ({ code }) => this.recordRefusal({ tenantId, action, reason, details: { code } }, actor),
    );
  }

  /**
   * A refusal reveals the status of the tenant, so it is recorded although the change was rolled back. The entry would stay
   * behind if the tenant were deleted at the same time, hence the lock.
   */
  private async recordRefusal(access: Access, actor: OperatorActor): Promise<void> {
    const { tenantId } = access;
    const { operatorId } = actor;
    await this.database.transaction({ tenantId, operatorId }, async (transaction) => {
      if (await this.repository.lock(transaction, tenantId))
        await this.accesses.record(transaction, { ...access, result: 'failure' }, actor);
    });
  }
}
