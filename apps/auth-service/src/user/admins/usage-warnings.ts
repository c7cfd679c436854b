import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { Scheduler } from '../../schedule/scheduler.js';
import type { MailContent } from '../user-mails.js';
import { AdminMails } from './admin-mails.js';
import { type CrossedLimit, UsageWarningRepository } from './usage-warning.repository.js';

const EVERY_MS = 60_000;

/** Tenants per run; the rest waits for the next run. Each is a short transaction. */
const MAX_TENANTS = 100;

const BYTES_PER_GB = 1_073_741_824;

/**
 * Tells the admins of a tenant by mail that it came near a limit or reached it, within about a minute. The database records that
 * for the service and its siblings, which send no mails. A limit of which both is true at once is told as reached.
 */
@Injectable()
export class UsageWarnings implements OnModuleInit {
  constructor(
    private readonly scheduler: Scheduler,
    private readonly database: PlatformDatabase,
    private readonly events: UsageWarningRepository,
    private readonly mails: AdminMails,
  ) {}

  onModuleInit(): void {
    this.scheduler.register({ name: 'tell-usage', everyMs: EVERY_MS, run: () => this.tell() });
  }

  /** At most one mail a day (UTC) for each resource and level, however often its use crosses the limit. */
  async tell(): Promise<void> {
    for (const tenantId of await this.events.findTenants(MAX_TENANTS))
      await this.database.transaction({ tenantId, operatorId: null }, async (transaction) => {
        const crossed = await this.events.take(transaction, tenantId);
        const reached = new Set(
          crossed.filter(({ level }) => level === 'reached').map(({ resource }) => resource),
        );
        for (const limit of crossed)
          if (limit.level === 'reached' || !reached.has(limit.resource))
            await this.mails.add(transaction, tenantId, toMail(limit));
      });
  }
}

function toMail({ resource, level, used, allowed, at }: CrossedLimit): MailContent {
  const unit = resource === 'storage' ? BYTES_PER_GB : 1;
  const percent = Number(allowed) === 0 ? 100 : Math.floor((Number(used) / Number(allowed)) * 100);
  const values = {
    resource,
    percent: String(percent),
    allowed: String(Number(allowed) / unit),
    at,
  };
  return { kind: level === 'reached' ? 'limit_reached' : 'limit_warning', values };
}
