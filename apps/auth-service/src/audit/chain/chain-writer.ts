import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { NIL_UUID } from '@poc-tracker/contracts';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { Scheduler } from '../../schedule/scheduler.js';
import type { AuditEntry } from '../audit-entry.js';
import { type ChainHead, entryHash, type Seal, sealEntry } from './chain-link.js';
import { type EntryKey, readEntries, readHead } from './audit-log-pages.js';

/** Milliseconds that an entry waits, at most about: the window in which a change of it would go unnoticed. */
const EVERY_MS = 1_000;

/** Milliseconds between two notes of the heads in the log. */
const HEADS_EVERY_MS = 24 * 60 * 60 * 1_000;

/** Entries a transaction: few enough to hold their rows for some milliseconds only. */
const BATCH = 500;

/** Lines of the log a statement. */
const HEADS_BATCH = 500;

/*
 * What waits, of one tenant after the other. Whoever wrote it has committed, or it could not be seen; what commits later
 * is found by the next sweep.
 */
const WAITING = `
  SELECT tenant_id AS "tenantId", entry_id AS id, entry_table AS "table" FROM audit_unsealed
   WHERE (tenant_id, entry_id, entry_table) > ($1::uuid, $2::uuid, $3)
   ORDER BY tenant_id, entry_id, entry_table LIMIT $4`;

/*
 * One look into the index for each tenant, however long the chains are. Two days back: with its jitter, its tries again
 * and a service that was down for a night, up to 46 hours may lie between two notes, and a head that falls between them
 * would be noted nowhere. One that is noted twice does no harm.
 */
const HEADS = `
  WITH RECURSIVE tenant AS (
    (SELECT tenant_id FROM audit_chain WHERE tenant_id > $1 ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.tenant_id FROM audit_chain c WHERE c.tenant_id > t.tenant_id ORDER BY c.tenant_id LIMIT 1)
      FROM tenant t WHERE t.tenant_id IS NOT NULL)
  SELECT t.tenant_id AS "tenantId", h.position::float8 AS position, encode(h.hash, 'hex') AS hash,
         h.sealed_at > now() - interval '48 hours' AS recent
    FROM tenant t,
         LATERAL (SELECT position, hash, sealed_at FROM audit_chain c WHERE c.tenant_id = t.tenant_id
                   ORDER BY position DESC LIMIT 1) h
   ORDER BY 1 LIMIT $2`;

/**
 * Appends what waits to the chains of its tenants. Each batch is one transaction that takes the entries out of the queue
 * and puts them into the chain: killed at any moment it has done both or neither. Two at once do no harm either, the
 * second fails on the position that the first has taken.
 */
@Injectable()
export class ChainWriter implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(ChainWriter.name);
  private stopping = false;

  constructor(
    private readonly database: PlatformDatabase,
    private readonly scheduler: Scheduler,
  ) {}

  onModuleInit(): void {
    this.scheduler.register({
      name: 'seal-audit-trails',
      everyMs: EVERY_MS,
      run: async () => {
        await this.sealWaiting();
      },
    });
    this.scheduler.register({
      name: 'note-audit-heads',
      everyMs: HEADS_EVERY_MS,
      run: () => this.noteHeads(),
    });
  }

  /** Lets the running batch end, and the rest to whoever starts next. */
  onModuleDestroy(): void {
    this.stopping = true;
  }

  /**
   * Seals what waits at this moment, in one sweep over the tenants. An entry that is gone although it waits is left for
   * the verification to find.
   * @returns the number of entries sealed.
   * @throws AggregateError of the tenants whose entries could not be sealed, after all were tried.
   */
  async sealWaiting(): Promise<number> {
    let sealed = 0;
    const failures: unknown[] = [];
    let after: EntryKey = { tenantId: NIL_UUID, id: NIL_UUID, table: 'audit_log' };
    while (!this.stopping) {
      const { waiting, entries } = await this.nextBatch(after);
      const last = waiting.at(-1);
      if (last === undefined) break;
      for (const ofTenant of byTenant(entries.filter((entry) => isSealable(entry, failures)))) {
        try {
          sealed += await this.append(ofTenant);
        } catch (error) {
          failures.push(error);
        }
      }
      after = last;
    }
    if (failures.length > 0)
      throw new AggregateError(failures, `Not sealed: ${failures.map(String).join('; ')}`);
    return sealed;
  }

  /**
   * Writes the heads of the chains that grew within two days into the log. Whoever keeps the log elsewhere can hold the
   * database against it: an end that was cut off, entries and all, shows nowhere else.
   */
  async noteHeads(): Promise<void> {
    let after = NIL_UUID;
    for (let full = true; full && !this.stopping;) {
      const heads = await this.database.query<ChainHead & { tenantId: string; recent: boolean }>(
        HEADS,
        [after, HEADS_BATCH],
      );
      for (const { tenantId, position, hash, recent } of heads) {
        if (recent) this.logger.log(`The audit trail of ${tenantId} ends at ${position}:${hash}`);
        after = tenantId;
      }
      full = heads.length === HEADS_BATCH;
    }
  }

  private async nextBatch(
    after: EntryKey,
  ): Promise<{ waiting: EntryKey[]; entries: AuditEntry[] }> {
    return this.database.transaction({ tenantId: null, operatorId: null }, async (query) => {
      const position = [after.tenantId, after.id, after.table, BATCH];
      const waiting = await query<EntryKey>(WAITING, position);
      return { waiting, entries: await readEntries(query, waiting) };
    });
  }

  private async append(entries: readonly AuditEntry[]): Promise<number> {
    const tenantId = entries[0]?.tenantId ?? NIL_UUID;
    return this.database.transaction({ tenantId, operatorId: null }, async (query) => {
      const start = await readHead(query, tenantId);
      const sealedAt = new Date();
      let head: ChainHead = start;
      const links = entries.map((entry) => {
        const seal = sealEntry(entry, head, sealedAt);
        head = seal;
        return toParameter(entry, seal);
      });
      const [answer] = await query<{ sealed: boolean }>(
        'SELECT seal_audit_entries($1, $2, $3::jsonb) AS sealed',
        [tenantId, start.position, JSON.stringify(links)],
      );
      return answer?.sealed === true ? links.length : 0;
    });
  }
}

/** What cannot be hashed, such as JSON that is nested too deeply, stays in the queue and holds up nothing behind it. */
function isSealable(entry: AuditEntry, failures: unknown[]): boolean {
  try {
    entryHash(entry);
    return true;
  } catch (cause) {
    failures.push(new Error(`The entry ${entry.id} cannot be hashed: ${String(cause)}`, { cause }));
    return false;
  }
}

/** Entries of one tenant together, in the order in which they came. */
function byTenant(entries: readonly AuditEntry[]): AuditEntry[][] {
  const groups: AuditEntry[][] = [];
  for (const entry of entries) {
    const latest = groups.at(-1);
    if (latest?.[0]?.tenantId === entry.tenantId) latest.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

function toParameter({ id, table }: AuditEntry, seal: Seal): Record<string, unknown> {
  return {
    position: seal.position,
    entry_table: table,
    entry_id: id,
    entry_hash: seal.entryHash,
    previous_hash: seal.previousHash,
    hash: seal.hash,
    sealed_at: seal.sealedAt,
  };
}
