import { ApiError, type TenantStatus } from '@poc-tracker/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { currentRequest, type SqlRunner, TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import {
  assertAllowed,
  notAllowed,
  type StatusTransition,
  TENANT_TRANSITIONS,
} from './tenant-transitions.js';
import type { CancelTenantDto } from './tenant-lifecycle.dto.js';
import type { CanceledTenantResponse } from './tenant-lifecycle.response.js';

/** A change of a tenant's status. */
export interface StateChange {
  tenantId: string;
  /** Null for scheduled work. */
  operatorId: string | null;
  reason: string;
}

interface StateRow {
  status: TenantStatus;
  restorable: boolean;
}

/* Locked, so that the second of two parallel changes starts from the result of the first. */
const STATE = `
  SELECT status, coalesce(deleted_at > now() - make_interval(days => $2), true) AS restorable
    FROM tenants WHERE id = $1 FOR UPDATE`;

const UPDATE_STATUS = 'UPDATE tenants SET status = $2, status_reason = $3 WHERE id = $1';

/**
 * The status of a tenant: active, suspended, canceled and finally purged. Each change is recorded in the tenant's audit log
 * with its reason and applies from the next request on.
 */
@Injectable()
export class TenantLifecycleService {
  private readonly restoreDays: number;

  constructor(
    @Inject(APP_CONFIG) config: { tenancy: Pick<AppConfig['tenancy'], 'restoreDays'> },
    private readonly database: TenantDatabase,
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
    await transaction.query(UPDATE_STATUS, [tenantId, to, reason]);
    await this.events.recordAsOperator(transaction, tenantId, {
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
   * @throws ApiError NOT_FOUND, INVALID_TRANSITION.
   */
  async beginPurge(transaction: SqlRunner, change: StateChange): Promise<void> {
    const { tenantId, operatorId, reason } = change;
    assertAllowed('purge', (await this.stateOf(transaction, tenantId)).status);
    await transaction.query('SELECT begin_purge($1, $2, $3)', [tenantId, operatorId, reason]);
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
    if (confirmSubdomain !== tenant.subdomain) {
      const message = 'must be the subdomain of the tenant';
      throw ApiError.validation({ field: 'confirmSubdomain', message });
    }
    await this.events.record({
      type: 'tenant.canceled',
      result: 'success',
      target: { type: 'tenant', id: tenant.id },
      details: { reason },
    });
    const [canceled] = await this.database.query<{ restorableUntil: Date }>(
      `SELECT now() + make_interval(days => $2) AS "restorableUntil" WHERE cancel_current_tenant($1)`,
      [reason, this.restoreDays],
    );
    if (canceled === undefined) throw new ApiError('INSUFFICIENT_PERMISSIONS');
    return { status: 'canceled', restorableUntil: canceled.restorableUntil };
  }

  private async stateOf(transaction: SqlRunner, tenantId: string): Promise<StateRow> {
    const [state] = await transaction.query<StateRow>(STATE, [tenantId, this.restoreDays]);
    if (state === undefined) throw new ApiError('NOT_FOUND');
    return state;
  }
}
