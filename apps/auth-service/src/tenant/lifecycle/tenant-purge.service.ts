import { randomBytes } from 'node:crypto';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { PURGED_TABLES, type PurgedTable, purgeOrder } from './tenant-purge.plan.js';
import { tryEach } from './try-each.js';

/** Rows a transaction: a purge of any size holds no lock for long, and one that is killed loses little. */
const BATCH = 2_000;

interface OpenPurge {
  tenant: string;
  requested_by: string | null;
  reason: string;
}

/**
 * Deletes everything of the tenants whose purge has begun. Each step is a transaction of its own
 * and can be done again: a purge that was cut off goes on where it stopped, on any instance, and
 * two at once do no harm. The tenant's own row goes last, together with whatever was left.
 *
 * What stays: the log-ins of the last six months without the people (access_records), and the id
 * and reason in purged_tenants, from which the services that keep files learn whose to delete.
 */
@Injectable()
export class TenantPurgeService implements OnModuleDestroy {
  private readonly logger = new Logger(TenantPurgeService.name);
  private stopping = false;

  constructor(
    private readonly database: PlatformDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /** Lets the running batch end, and the rest to whoever starts next. */
  onModuleDestroy(): void {
    this.stopping = true;
  }

  /** Goes on with every purge that has begun. @throws AggregateError of those that failed, after all were tried. */
  async purgeAll(): Promise<void> {
    const begun = await this.begun();
    await tryEach(begun.map((purge) => () => this.carryOut(purge)));
  }

  /**
   * Goes on with the purge of one tenant, to its end unless the service stops; does nothing when
   * none has begun.
   * @throws Error naming the tables of which rows are left: nothing is finished then.
   */
  async purge(tenantId: string): Promise<void> {
    const begun = (await this.begun()).find(({ tenant }) => tenant === tenantId);
    if (begun !== undefined) await this.carryOut(begun);
  }

  private begun(): Promise<OpenPurge[]> {
    return this.database.query<OpenPurge>('SELECT * FROM tenants_being_purged()');
  }

  private async carryOut(begun: OpenPurge): Promise<void> {
    const { tenant: tenantId } = begun;
    // Known to this call alone: once it has returned, no pseudonym leads back to a person.
    const key = randomBytes(32);
    await this.database.query('SELECT keep_log_ins($1, $2)', [tenantId, key]);
    await this.inBatches(tenantId, (transaction) =>
      countOf(transaction, 'SELECT keep_access_records($1, $2, $3) AS rows', [
        tenantId,
        key,
        BATCH,
      ]),
    );
    const tables = await this.database.query<PurgedTable>(PURGED_TABLES);
    const order = purgeOrder(tables);
    for (const table of order) {
      await this.inBatches(tenantId, (transaction) =>
        deleteRows(transaction, tenantId, table, BATCH),
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
      await transaction.query('DELETE FROM tenants WHERE id = $1', [tenant]);
      // Of the row's own deletion, and of whatever came in while the batches ran.
      for (const table of order) await deleteRows(transaction, tenant, table, null);
      await assertNothingLeft(transaction, tenant, tables);
      await transaction.query('SELECT finish_purge($1)', [tenant]);
      const [platform] = await transaction.query<{ id: string }>(
        'SELECT id FROM tenants WHERE is_platform',
      );
      if (platform === undefined) return;
      await this.events.recordAsOperator(transaction, platform.id, {
        type: 'tenant.purged',
        result: 'success',
        actorId: operatorId,
        target: { type: 'tenant', id: tenant },
        details: { reason },
      });
    });
    this.logger.log(`The tenant ${tenant} has been purged.`);
  }
}

/** `limit` null: all there are. */
function deleteRows(
  transaction: SqlRunner,
  tenantId: string,
  { name, how }: PurgedTable,
  limit: number | null,
): Promise<number> {
  const params = [tenantId, name, limit];
  return how === 'rows'
    ? countOf(transaction, 'SELECT purge_rows($1, $2, $3) AS rows', params)
    : countOf(transaction, 'SELECT purge_audit_log($1, $2, $3) AS rows', params);
}

async function countOf(transaction: SqlRunner, sql: string, params: unknown[]): Promise<number> {
  const [answer] = await transaction.query<{ rows: number }>(sql, params);
  return answer?.rows ?? 0;
}

/** @throws Error naming every table that still has rows of the tenant: somebody forgot to let them be purged. */
async function assertNothingLeft(
  transaction: SqlRunner,
  tenantId: string,
  tables: readonly PurgedTable[],
): Promise<void> {
  const left: string[] = [];
  for (const { name, readable } of tables) {
    const [answer] = readable
      ? await transaction.query<{ remaining: boolean }>(
          'SELECT has_tenant_rows($1, $2) AS remaining',
          [tenantId, name],
        )
      : [];
    if (answer?.remaining === true) left.push(name);
  }
  if (left.length > 0) {
    throw new Error(
      `The purge of ${tenantId} would leave rows in ${left.join(', ')}. Let the operators' login delete from it, ` +
        'give it a foreign key to tenants with ON DELETE CASCADE, or grant DELETE to tenant_gatekeeper.',
    );
  }
}
