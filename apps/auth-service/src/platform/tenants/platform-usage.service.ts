import { Injectable } from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { OperatorAccess } from '../access/operator-access.js';
import type { OperatorActor } from '../operator-actor.js';
import { PlatformUsageRepository, type UsageDrift } from './platform-usage.repository.js';

/** Checks and corrects the stored usage of tenants. Only the command line does it. */
@Injectable()
export class PlatformUsageService {
  constructor(
    private readonly database: PlatformDatabase,
    private readonly usage: PlatformUsageRepository,
    private readonly accesses: OperatorAccess,
  ) {}

  /** The wrong counts of one tenant, or of all. Safe while the service is in use. */
  async findDrift(tenantId: string | null): Promise<UsageDrift[]> {
    return this.usage.findDrift(tenantId);
  }

  /** Recounts the usage of these tenants. Each tenant's audit log gets an entry in the same transaction. */
  async repair(drift: readonly UsageDrift[], actor: OperatorActor): Promise<void> {
    const { operatorId } = actor;
    for (const tenantId of new Set(drift.map((wrong) => wrong.tenantId))) {
      const counts = drift
        .filter((wrong) => wrong.tenantId === tenantId)
        .map(({ resource, counted, actual }) => ({ resource, counted, actual }));
      await this.database.transaction({ tenantId, operatorId }, async (transaction) => {
        await this.usage.recount(transaction, tenantId);
        const access = { tenantId, action: 'repair-usage', details: { counts } };
        await this.accesses.record(transaction, access, actor);
      });
    }
  }
}
