import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { databaseTime, PlatformDatabase } from '@poc-tracker/tenancy';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { Scheduler } from '../../schedule/scheduler.js';
import { TenantLifecycleRepository } from './tenant-lifecycle.repository.js';
import { TenantLifecycleService } from './tenant-lifecycle.service.js';
import { TenantPurgeService } from './tenant-purge.service.js';
import { tryEach } from './try-each.js';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** Marco Civil da Internet, art. 15. */
const ACCESS_RECORD_MONTHS = 6;

/** Tenants per run; the rest waits for the next run. */
const MAX_TENANTS = 1_000;

/** The scheduled jobs that suspend and purge tenants. */
@Injectable()
export class TenantLifecycleJobs implements OnModuleInit {
  private readonly tenancy: AppConfig['tenancy'];

  constructor(
    @Inject(APP_CONFIG) config: Pick<AppConfig, 'tenancy'>,
    private readonly scheduler: Scheduler,
    private readonly database: PlatformDatabase,
    private readonly tenants: TenantLifecycleRepository,
    private readonly lifecycle: TenantLifecycleService,
    private readonly purges: TenantPurgeService,
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
    const ended = await this.tenants.findEnded(now, graceDays, MAX_TENANTS);
    await tryEach(ended.map((id) => () => this.suspend(id, now)));
  }

  /** Purges the tenants that can no longer be restored, and continues interrupted purges. */
  async purgeOverdue(now: Date): Promise<void> {
    const { restoreDays } = this.tenancy;
    const overdue = await this.tenants.findOverdue(now, restoreDays, MAX_TENANTS);
    await tryEach([
      ...overdue.map((id) => () => this.beginPurge(id, now)),
      () => this.purges.purgeAll(),
    ]);
  }

  async pruneAccessRecords(now: Date): Promise<void> {
    await this.tenants.pruneAccessRecords(now, ACCESS_RECORD_MONTHS);
  }

  private suspend(tenantId: string, now: Date): Promise<void> {
    const { graceDays } = this.tenancy;
    return this.database.transaction({ tenantId, operatorId: null }, (transaction) =>
      this.lifecycle.suspendEnded(transaction, tenantId, now, graceDays),
    );
  }

  private beginPurge(tenantId: string, now: Date): Promise<void> {
    return this.database.transaction({ tenantId, operatorId: null }, (transaction) =>
      this.lifecycle.beginOverduePurge(transaction, tenantId, now),
    );
  }
}
