import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { databaseTime, PlatformDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { Scheduler } from '../../schedule/scheduler.js';
import { TenantLifecycleService } from './tenant-lifecycle.service.js';
import { TenantPurgeService } from './tenant-purge.service.js';
import { tryEach } from './try-each.js';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** Marco Civil da Internet, art. 15. */
const ACCESS_RECORD_MONTHS = 6;

/** Tenants per run; the rest waits for the next run. */
const MAX_TENANTS = 1_000;

const ENDED = `
  SELECT id FROM tenants
   WHERE status = 'active' AND subscription_ends_at <= $1::timestamptz - make_interval(days => $2)
   ORDER BY subscription_ends_at LIMIT $3`;

const SUSPEND_ENDED = `
  UPDATE tenants SET status = 'suspended', status_reason = 'The subscription has ended.'
   WHERE id = $3 AND status = 'active' AND subscription_ends_at <= $1::timestamptz - make_interval(days => $2)
  RETURNING subscription_ends_at AS "endedAt"`;

const IS_OVERDUE = `status = 'canceled' AND deleted_at <= $1::timestamptz - make_interval(days => $2)
     AND NOT is_being_purged(id)`;

const OVERDUE = `SELECT id FROM tenants WHERE ${IS_OVERDUE} ORDER BY deleted_at LIMIT $3`;

const STILL_OVERDUE = `SELECT id FROM tenants WHERE id = $3 AND ${IS_OVERDUE} FOR UPDATE`;

/** The scheduled jobs that suspend and purge tenants. */
@Injectable()
export class TenantLifecycleJobs implements OnModuleInit {
  private readonly tenancy: AppConfig['tenancy'];

  constructor(
    @Inject(APP_CONFIG) config: Pick<AppConfig, 'tenancy'>,
    private readonly scheduler: Scheduler,
    private readonly database: PlatformDatabase,
    private readonly lifecycle: TenantLifecycleService,
    private readonly purges: TenantPurgeService,
    private readonly events: SecurityEvents,
  ) {
    this.tenancy = config.tenancy;
  }

  /** By the time of PostgreSQL: the clock of an instance may be wrong by days, and purged tenants do not come back. */
  onModuleInit(): void {
    this.scheduler.register({
      name: 'suspend-ended-subscriptions',
      everyMs: HOUR_MS,
      run: async () => this.suspendEnded(await databaseTime(this.database)),
    });
    this.scheduler.register({
      name: 'purge-canceled-tenants',
      everyMs: HOUR_MS,
      run: async () => this.purgeOverdue(await databaseTime(this.database)),
    });
    this.scheduler.register({
      name: 'prune-access-records',
      everyMs: DAY_MS,
      run: async () => this.pruneAccessRecords(await databaseTime(this.database)),
    });
  }

  /** Suspends the tenants whose subscription and grace period have ended. */
  async suspendEnded(now: Date): Promise<void> {
    const { graceDays } = this.tenancy;
    const ended = await this.database.query<{ id: string }>(ENDED, [now, graceDays, MAX_TENANTS]);
    await tryEach(
      ended.map(
        ({ id }) =>
          () =>
            this.suspend(id, now),
      ),
    );
  }

  /** Purges the tenants that can no longer be restored, and continues interrupted purges. */
  async purgeOverdue(now: Date): Promise<void> {
    const { restoreDays } = this.tenancy;
    const overdue = await this.database.query<{ id: string }>(OVERDUE, [
      now,
      restoreDays,
      MAX_TENANTS,
    ]);
    await tryEach([
      ...overdue.map(
        ({ id }) =>
          () =>
            this.beginPurge(id, now),
      ),
      () => this.purges.purgeAll(),
    ]);
  }

  async pruneAccessRecords(now: Date): Promise<void> {
    await this.database.query(
      'SELECT prune_access_records($1::timestamptz - make_interval(months => $2))',
      [now, ACCESS_RECORD_MONTHS],
    );
  }

  private suspend(id: string, now: Date): Promise<void> {
    const { graceDays } = this.tenancy;
    return this.database.transaction({ tenantId: id, operatorId: null }, async (transaction) => {
      const [suspended] = await transaction.query<{ endedAt: Date }>(SUSPEND_ENDED, [
        now,
        graceDays,
        id,
      ]);
      // Renewed or suspended by an operator in the meantime.
      if (suspended === undefined) return;
      await this.events.recordAsOperator(transaction, id, {
        type: 'tenant.subscription_ended',
        result: 'success',
        actorId: null,
        target: { type: 'tenant', id },
        details: { endedAt: suspended.endedAt.toISOString(), graceDays },
      });
    });
  }

  private beginPurge(tenantId: string, now: Date): Promise<void> {
    const { restoreDays } = this.tenancy;
    return this.database.transaction({ tenantId, operatorId: null }, async (transaction) => {
      // Restored in the meantime, and perhaps canceled again, which starts a new restore period.
      const still = await transaction.query(STILL_OVERDUE, [now, restoreDays, tenantId]);
      if (still.length === 0) return;
      const reason = `Canceled more than ${restoreDays} days ago.`;
      await this.lifecycle.beginPurge(transaction, { tenantId, operatorId: null, reason });
    });
  }
}
