import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { NIL_UUID } from '@poc-tracker/contracts';
import { databaseTime, PlatformDatabase } from '@poc-tracker/tenancy';
import { Scheduler } from '../../schedule/scheduler.js';
import { throwFailures } from '../../schedule/throw-failures.js';
import type { AuditEntry, EntryKey } from '../audit-entry.js';
import { readEntries, readHead } from './audit-log-page.repository.js';
import { type ChainHead, entryHash, linkEntry } from './chain-link.js';
import {
  appendLinks,
  readHeads,
  readPendingOfTenants,
  readTenantsWithPending,
} from './chain.repository.js';

/** About the longest time in milliseconds that an entry is pending. A change of a pending entry is not detected. */
const EVERY_MS = 1_000;

/** Milliseconds between two checkpoints of the same chain in the log. */
const CHECKPOINTS_EVERY_MS = 24 * 60 * 60 * 1_000;

/** Entries of a tenant per turn and transaction: few enough to keep their rows locked for a few milliseconds only. */
const BATCH = 500;

/** Tenants whose entries are read at once. It bounds the memory. */
const TENANTS_AT_ONCE = 10;

/**
 * Milliseconds after which a run starts no further round of batches. A round ends with a batch of each tenant. What is left waits
 * for the next run, which also finds the entries that were committed late.
 */
const LONGEST_RUN_MS = 30_000;

/** Heads per statement. */
const HEADS_BATCH = 500;

/** Before the entries of every tenant. */
const FIRST = { id: NIL_UUID, table: 'audit_log' } as const;

/** What a run has done, and up to where it has read the entries of each tenant. */
interface Run {
  appended: number;
  failures: unknown[];
  positions: Map<string, EntryKey>;
}

/**
 * Appends pending entries to the hash chains of their tenants. Each batch moves its entries from the queue to the chain in
 * one transaction, so that a crash leaves no entry in both or in neither. Two writers at once are safe: the second fails
 * because the first has taken its position.
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
      name: 'append-audit-chains',
      everyMs: EVERY_MS,
      run: async () => {
        await this.appendPending();
      },
    });
    this.scheduler.register({
      name: 'log-audit-checkpoints',
      everyMs: CHECKPOINTS_EVERY_MS,
      run: () => this.logCheckpoints(),
    });
  }

  /** The running batch ends; the remaining entries stay in the queue. */
  onModuleDestroy(): void {
    this.stopping = true;
  }

  /**
   * Appends the entries that are pending now. Tenants take turns, a batch each, so that none waits for a tenant with a long
   * backlog. A queued entry that does not exist stays in the queue, where verification reports it.
   * @returns the number of appended entries.
   * @throws AggregateError with the failures, after all tenants were tried.
   */
  async appendPending(): Promise<number> {
    const end = performance.now() + LONGEST_RUN_MS;
    const run: Run = { appended: 0, failures: [], positions: new Map() };
    // The tenants are read again for each turn: while one has a backlog, others write entries.
    for (let more = true; more && !this.stopping && performance.now() < end;) {
      more = false;
      const tenants = await readTenantsWithPending(this.database);
      for (let start = 0; start < tenants.length && !this.stopping; start += TENANTS_AT_ONCE) {
        const ids = tenants.slice(start, start + TENANTS_AT_ONCE);
        if (await this.appendBatches(ids, run)) more = true;
      }
    }
    const { appended, failures } = run;
    throwFailures(
      failures,
      `Entries were not appended to the audit chain, ${failures.length} failures`,
    );
    return appended;
  }

  /**
   * Logs the heads of the chains that grew within the last two days as checkpoints. Where the log is stored elsewhere, they
   * show that the last entries of a chain were removed together with their links; nothing else does.
   */
  async logCheckpoints(): Promise<void> {
    let after = NIL_UUID;
    for (let full = true; full && !this.stopping;) {
      const heads = await readHeads(this.database, after, HEADS_BATCH);
      for (const { tenantId, position, hash, recent } of heads) {
        if (recent) this.logger.log(`Audit checkpoint of tenant ${tenantId}: ${position}:${hash}`);
        after = tenantId;
      }
      full = heads.length === HEADS_BATCH;
    }
  }

  /** Appends the next batch of each tenant. @returns true if one of them has more. */
  private async appendBatches(tenantIds: readonly string[], run: Run): Promise<boolean> {
    const { pending, entries } = await this.nextBatches(
      tenantIds.map((tenantId) => run.positions.get(tenantId) ?? { ...FIRST, tenantId }),
    );
    for (const ofTenant of byTenant(entries.filter((entry) => isHashable(entry, run.failures)))) {
      try {
        run.appended += await this.append(ofTenant);
      } catch (error) {
        run.failures.push(error);
      }
    }
    let more = false;
    for (const ofTenant of byTenant(pending)) {
      const last = ofTenant.at(-1);
      if (last !== undefined) run.positions.set(last.tenantId, last);
      if (ofTenant.length === BATCH) more = true;
    }
    return more;
  }

  private async nextBatches(
    after: readonly EntryKey[],
  ): Promise<{ pending: EntryKey[]; entries: AuditEntry[] }> {
    return this.database.transaction({ tenantId: null, operatorId: null }, async (transaction) => {
      const pending = await readPendingOfTenants(transaction, after, BATCH);
      return { pending, entries: await readEntries(transaction, pending) };
    });
  }

  private async append(entries: readonly AuditEntry[]): Promise<number> {
    const tenantId = entries[0]?.tenantId ?? NIL_UUID;
    return this.database.transaction({ tenantId, operatorId: null }, async (transaction) => {
      const start = await readHead(transaction, tenantId);
      const chainedAt = await databaseTime(transaction);
      let head: ChainHead = start;
      const links = entries.map((entry) => {
        const link = linkEntry(entry, head, chainedAt);
        head = link;
        return { entry, link };
      });
      const appended = await appendLinks(transaction, tenantId, start.position, links);
      return appended ? links.length : 0;
    });
  }
}

/** Entries that cannot be hashed, such as JSON that is nested too deeply, stay in the queue and do not block others. */
function isHashable(entry: AuditEntry, failures: unknown[]): boolean {
  try {
    entryHash(entry);
    return true;
  } catch (cause) {
    failures.push(new Error(`The entry ${entry.id} cannot be hashed: ${String(cause)}`, { cause }));
    return false;
  }
}

/** Groups consecutive entries of the same tenant. */
function byTenant<Entry extends { tenantId: string }>(entries: readonly Entry[]): Entry[][] {
  const groups: Entry[][] = [];
  for (const entry of entries) {
    const last = groups.at(-1);
    if (last?.[0]?.tenantId === entry.tenantId) last.push(entry);
    else groups.push([entry]);
  }
  return groups;
}
