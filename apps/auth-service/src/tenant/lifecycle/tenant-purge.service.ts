import { randomBytes } from 'node:crypto';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { findOperatorsTenant } from '../operators-tenant.repository.js';
import { type PurgedTable, purgeOrder } from './tenant-purge.plan.js';
import { type OpenPurge, TenantPurgeRepository } from './tenant-purge.repository.js';
import { tryEach } from './try-each.js';

/** Rows per transaction, so that a large purge holds no lock for long and an interrupted one loses little. */
const BATCH = 2_000;

/**
 * Deletes all data of the tenants whose purge has begun. Each step is its own idempotent transaction: an interrupted purge
 * continues on any instance, and two parallel ones do no harm. The row of the tenant is deleted last, with what was left.
 *
 * Two things are kept: the log-ins of the last six months under a pseudonym (access_records), and the id and the reason in
 * purged_tenants, from which services that store files learn what to delete.
 */
@Injectable()
export class TenantPurgeService implements OnModuleDestroy {
  private readonly logger = new Logger(TenantPurgeService.name);
  private stopping = false;

  constructor(
    private readonly database: PlatformDatabase,
    private readonly purges: TenantPurgeRepository,
    private readonly events: SecurityEvents,
  ) {}

  /** The running batch ends; the next start continues. */
  onModuleDestroy(): void {
    this.stopping = true;
  }

  /** Continues every purge that has begun. @throws AggregateError of those that failed, after all were tried. */
  async purgeAll(): Promise<void> {
    const begun = await this.purges.listOpen();
    await tryEach(begun.map((purge) => () => this.run(purge)));
  }

  /**
   * Continues the purge of one tenant until it is finished or the service stops. Does nothing if none has begun.
   * @throws Error with the tables in which rows are left; the purge is then not finished.
   */
  async purge(tenantId: string): Promise<void> {
    const begun = (await this.purges.listOpen()).find(({ tenant }) => tenant === tenantId);
    if (begun !== undefined) await this.run(begun);
  }

  private async run(begun: OpenPurge): Promise<void> {
    const { tenant: tenantId } = begun;
    // Exists only in this call: after it, no pseudonym can be traced back to a user.
    const key = randomBytes(32);
    await this.purges.keepLogIns(tenantId, key);
    await this.inBatches(tenantId, (transaction) =>
      this.purges.keepAccessRecords(transaction, tenantId, key, BATCH),
    );
    const tables = await this.purges.listTables();
    const order = purgeOrder(tables);
    for (const table of order) {
      await this.inBatches(tenantId, (transaction) =>
        this.purges.deleteRows(transaction, tenantId, table, BATCH),
      );
    }
    if (!this.stopping) await this.finish(begun, tables, order);
  }

  private async inBatches(
    tenantId: string,
    deleteSome: (transaction: SqlRunner) => Promise<number>,
  ): Promise<void> {
    for (let deleted = BATCH; deleted >= BATCH && !this.stopping;) {
      deleted = await this.database.transaction({ tenantId, operatorId: null }, deleteSome);
    }
  }

  private async finish(
    { tenant, requested_by: operatorId, reason }: OpenPurge,
    tables: readonly PurgedTable[],
    order: readonly PurgedTable[],
  ): Promise<void> {
    await this.database.transaction({ tenantId: tenant, operatorId }, async (transaction) => {
      await this.purges.deleteTenant(transaction, tenant);
      // Rows that the deletion of the tenant or requests during the batches have written.
      for (const table of order) await this.purges.deleteRows(transaction, tenant, table, null);
      await this.assertNothingLeft(transaction, tenant, tables);
      await this.purges.finish(transaction, tenant);
      const operatorsTenant = await findOperatorsTenant(transaction);
      if (operatorsTenant === null) return;
      await this.events.recordIn(transaction, {
        tenantId: operatorsTenant,
        type: 'tenant.purged',
        result: 'success',
        actorId: operatorId,
        target: { type: 'tenant', id: tenant },
        details: { reason },
      });
    });
    this.logger.log(`The tenant ${tenant} has been purged.`);
  }

  /** @throws Error with every table that still has rows of the tenant: one was added without a way to purge it. */
  private async assertNothingLeft(
    transaction: SqlRunner,
    tenantId: string,
    tables: readonly PurgedTable[],
  ): Promise<void> {
    const left: string[] = [];
    for (const table of tables.filter(({ readable }) => readable))
      if (await this.purges.hasRows(transaction, tenantId, table)) left.push(table.name);
    if (left.length > 0) {
      throw new Error(
        `The purge of ${tenantId} would leave rows in ${left.join(', ')}. Let the operators' login delete from it, ` +
          'give it a foreign key to tenants with ON DELETE CASCADE, or grant DELETE to tenant_gatekeeper.',
      );
    }
  }
}
