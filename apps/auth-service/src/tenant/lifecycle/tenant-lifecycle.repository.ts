import { Injectable } from '@nestjs/common';
import type { TenantStatus } from '@poc-tracker/contracts';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';

export interface TenantStateRow {
  subdomain: string;
  status: TenantStatus;
  /** False if the tenant was canceled too long ago to be restored. */
  restorable: boolean;
}

const LOCK_STATE = `
  SELECT subdomain, status, coalesce(deleted_at > now() - make_interval(days => $2), true) AS restorable
    FROM tenants WHERE id = $1 FOR UPDATE`;

const UPDATE_STATUS = 'UPDATE tenants SET status = $2, status_reason = $3 WHERE id = $1';

const HAS_ENDED = `status = 'active' AND subscription_ends_at <= $1::timestamptz - make_interval(days => $2)`;

const FIND_ENDED = `SELECT id FROM tenants WHERE ${HAS_ENDED} ORDER BY subscription_ends_at LIMIT $3`;

const SUSPEND_ENDED = `
  UPDATE tenants SET status = 'suspended', status_reason = 'The subscription has ended.'
   WHERE id = $3 AND ${HAS_ENDED}
  RETURNING subscription_ends_at AS "endedAt"`;

const IS_OVERDUE = `status = 'canceled' AND deleted_at <= $1::timestamptz - make_interval(days => $2)
     AND NOT is_being_purged(id)`;

const FIND_OVERDUE = `SELECT id FROM tenants WHERE ${IS_OVERDUE} ORDER BY deleted_at LIMIT $3`;

const LOCK_OVERDUE = `SELECT id FROM tenants WHERE id = $3 AND ${IS_OVERDUE} FOR UPDATE`;

/** The status of tenants, as operators and scheduled work change it. */
@Injectable()
export class TenantLifecycleRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** Locks the row, so that the second of two parallel changes starts from the result of the first. */
  async lockState(
    transaction: SqlRunner,
    tenantId: string,
    restoreDays: number,
  ): Promise<TenantStateRow | null> {
    const [state] = await transaction.query<TenantStateRow>(LOCK_STATE, [tenantId, restoreDays]);
    return state ?? null;
  }

  async setStatus(
    transaction: SqlRunner,
    tenantId: string,
    status: TenantStatus,
    reason: string,
  ): Promise<void> {
    await transaction.query(UPDATE_STATUS, [tenantId, status, reason]);
  }

  async beginPurge(
    transaction: SqlRunner,
    tenantId: string,
    operatorId: string | null,
    reason: string,
  ): Promise<void> {
    await transaction.query('SELECT begin_purge($1, $2, $3)', [tenantId, operatorId, reason]);
  }

  /** The active tenants whose subscription ended more than `graceDays` before `now`, the longest ended first. */
  async findEnded(now: Date, graceDays: number, limit: number): Promise<string[]> {
    return idsOf(await this.database.query(FIND_ENDED, [now, graceDays, limit]));
  }

  /** Suspends a tenant if `findEnded` still finds it. @returns when the subscription ended, or null. */
  async suspendEnded(
    transaction: SqlRunner,
    tenantId: string,
    now: Date,
    graceDays: number,
  ): Promise<Date | null> {
    const values = [now, graceDays, tenantId];
    const [suspended] = await transaction.query<{ endedAt: Date }>(SUSPEND_ENDED, values);
    return suspended?.endedAt ?? null;
  }

  /** The tenants that were canceled more than `restoreDays` before `now` and whose purge has not begun. */
  async findOverdue(now: Date, restoreDays: number, limit: number): Promise<string[]> {
    return idsOf(await this.database.query(FIND_OVERDUE, [now, restoreDays, limit]));
  }

  /** Locks a tenant if `findOverdue` still finds it. */
  async lockOverdue(
    transaction: SqlRunner,
    tenantId: string,
    now: Date,
    restoreDays: number,
  ): Promise<boolean> {
    return (await transaction.query(LOCK_OVERDUE, [now, restoreDays, tenantId])).length > 0;
  }

  /** Deletes the access records of purged tenants that are older than `months` before `now`. */
  async pruneAccessRecords(now: Date, months: number): Promise<void> {
    await this.database.query(
      'SELECT prune_access_records($1::timestamptz - make_interval(months => $2))',
      [now, months],
    );
  }
}

function idsOf(rows: { id: string }[]): string[] {
  return rows.map(({ id }) => id);
}
