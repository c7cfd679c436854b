import { ApiError } from '@poc-tracker/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { currentRequest, type SqlRunner } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import {
  assertAllowed,
  notAllowed,
  type StatusTransition,
  TENANT_TRANSITIONS,
} from './tenant-transitions.js';
import type { CancelTenantDto } from './tenant-lifecycle.dto.js';
import { TenantLifecycleRepository, type TenantStateRow } from './tenant-lifecycle.repository.js';
import { TenantRepository } from '../tenant.repository.js';
import type { CanceledTenantResponse } from './tenant-lifecycle.response.js';

/** A change of a tenant's status. */
export interface StateChange {
  tenantId: string;
  /** Null for scheduled work. */
  operatorId: string | null;
  reason: string;
}

/** A purge that an operator confirms with the subdomain of the tenant. */
export interface ConfirmedPurge extends StateChange {
  confirmSubdomain: string;
}

/**
 * The status of a tenant: active, suspended, canceled and finally purged. Each change is recorded in the tenant's audit log
 * with its reason and applies from the next request on.
 */
@Injectable()
export class TenantLifecycleService {
  private readonly restoreDays: number;

  constructor(
    @Inject(APP_CONFIG) config: { tenancy: Pick<AppConfig['tenancy'], 'restoreDays'> },
    private readonly tenants: TenantLifecycleRepository,
    private readonly current: TenantRepository,
    private readonly events: SecurityEvents,
  ) {
    this.restoreDays = config.tenancy.restoreDays;
  }

  /**
   * @param transaction an operator's
   * @throws ApiError NOT_FOUND; INVALID_TRANSITION, also if the tenant was canceled too long ago to be restored.
   */
  async transition(
    transaction: SqlRunner,
    transition: StatusTransition,
    { tenantId, operatorId, reason }: StateChange,
  ): Promise<void> {
    const { status, restorable } = await this.stateOf(transaction, tenantId);
    assertAllowed(transition, status);
    if (transition === 'restore' && !restorable) {
      throw notAllowed(status, {
        reason: `It was canceled more than ${this.restoreDays} days ago.`,
      });
    }
    const { to, event } = TENANT_TRANSITIONS[transition];
    await this.tenants.setStatus(transaction, tenantId, to, reason);
    await this.events.recordIn(transaction, {
      type: event,
      result: 'success',
      actorId: operatorId,
      target: { type: 'tenant', id: tenantId },
      details: { reason, from: status },
    });
  }

  /**
   * Begins the purge of a canceled tenant, which cannot be undone. `TenantPurgeService.purge` or the scheduled job then
   * deletes the data.
   * @param transaction an operator's
   * @throws ApiError NOT_FOUND; VALIDATION_ERROR if the subdomain does not match; INVALID_TRANSITION.
   */
  async beginPurge(transaction: SqlRunner, purge: ConfirmedPurge): Promise<void> {
    const { tenantId, operatorId, reason, confirmSubdomain } = purge;
    const { subdomain, status } = await this.stateOf(transaction, tenantId);
    assertConfirmed(subdomain, confirmSubdomain);
    assertAllowed('purge', status);
    await this.tenants.beginPurge(transaction, tenantId, operatorId, reason);
  }

  /**
   * Begins the purge of a tenant that can no longer be restored. Does nothing if it was restored in the meantime, and
   * perhaps canceled again, which starts a new restore period.
   * @param transaction of scheduled work
   */
  async beginOverduePurge(transaction: SqlRunner, tenantId: string, now: Date): Promise<void> {
    if (!(await this.tenants.lockOverdue(transaction, tenantId, now, this.restoreDays))) return;
    const reason = `Canceled more than ${this.restoreDays} days ago.`;
    await this.tenants.beginPurge(transaction, tenantId, null, reason);
  }

  /**
   * Suspends a tenant whose subscription and grace period have ended. Does nothing if it was renewed or suspended in the
   * meantime.
   * @param transaction of scheduled work
   */
  async suspendEnded(
    transaction: SqlRunner,
    tenantId: string,
    now: Date,
    graceDays: number,
  ): Promise<void> {
    const endedAt = await this.tenants.suspendEnded(transaction, tenantId, now, graceDays);
    if (endedAt === null) return;
    await this.events.recordIn(transaction, {
      type: 'tenant.subscription_ended',
      result: 'success',
      actorId: null,
      target: { type: 'tenant', id: tenantId },
      details: { endedAt: endedAt.toISOString(), graceDays },
    });
  }

  /**
   * Cancels the tenant of the request.
   * @throws ApiError VALIDATION_ERROR if the subdomain does not match.
   */
  async cancelCurrent({
    reason,
    confirmSubdomain,
  }: CancelTenantDto): Promise<CanceledTenantResponse> {
    const { tenant } = currentRequest();
    if (tenant === undefined) throw new ApiError('TENANT_REQUIRED');
    assertConfirmed(tenant.subdomain, confirmSubdomain);
    await this.events.record({
      type: 'tenant.canceled',
      result: 'success',
      target: { type: 'tenant', id: tenant.id },
      details: { reason },
    });
    const restorableUntil = await this.current.cancelCurrent(reason, this.restoreDays);
    if (restorableUntil === null) throw new ApiError('INSUFFICIENT_PERMISSIONS');
    return { status: 'canceled', restorableUntil };
  }

  private async stateOf(transaction: SqlRunner, tenantId: string): Promise<TenantStateRow> {
    const state = await this.tenants.lockState(transaction, tenantId, this.restoreDays);
    if (state === null) throw new ApiError('NOT_FOUND');
    return state;
  }
}

function assertConfirmed(subdomain: string, confirmSubdomain: string): void {
  if (confirmSubdomain === subdomain) return;
  const message = 'must be the subdomain of the tenant';
  throw ApiError.validation({ field: 'confirmSubdomain', message });
}
