import {
  type AuditEntry,
  ENTRY_COLUMNS,
  ENTRY_TABLES,
  type EntryKey,
  toAuditEntry,
} from '../audit-entry.js';
import type { SqlRunner } from '@poc-tracker/tenancy';
import { type ChainHead, EMPTY_CHAIN } from './chain-link.js';
import type { ChainedLine, PendingLine, PrunedLine } from './audit-log-line.js';

/** Part of an audit log: chained entries by position, pending ones by id. */
export interface AuditLogRange {
  tenantId: string;
  firstPosition: number;
  lastPosition: number;
  /** The first id of the range, and the first id after it. */
  firstId: string;
  endId: string;
}

const ENTRIES = `
  SELECT ${ENTRY_COLUMNS.security_events} FROM security_events
   WHERE (tenant_id, id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
  UNION ALL
  SELECT ${ENTRY_COLUMNS.audit_log} FROM audit_log
   WHERE (tenant_id, id) IN (SELECT * FROM unnest($3::uuid[], $4::uuid[]))
  ORDER BY 1, 2`;

/** Ordered by the column and not by the value that has its name: only the index has that order, however long the chain is. */
export const HEAD = `
  SELECT position::float8 AS position, encode(hash, 'hex') AS hash FROM audit_chain
   WHERE tenant_id = $1 ORDER BY audit_chain.position DESC LIMIT 1`;

const POSITIONS = `
  SELECT min(position)::float8 AS first, max(position)::float8 AS last FROM audit_chain
   WHERE tenant_id = $1 AND entry_id >= $2 AND entry_id < $3`;

/** Ordered as `HEAD`. */
export const LINKS = `
  SELECT position::float8 AS position, entry_id AS "entryId", entry_table AS "entryTable",
         to_char(chained_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "chainedAt",
         encode(entry_hash, 'hex') AS "entryHash", encode(previous_hash, 'hex') AS "previousHash",
         encode(hash, 'hex') AS hash
    FROM audit_chain
   WHERE tenant_id = $1 AND position > $2 AND position <= $3
   ORDER BY audit_chain.position LIMIT $4`;

const ANCHOR = `
  SELECT position::float8 AS position, encode(hash, 'hex') AS hash FROM audit_anchors WHERE tenant_id = $1`;

const QUEUE = `
  SELECT tenant_id AS "tenantId", entry_id AS id, entry_table AS "table" FROM audit_pending
   WHERE tenant_id = $1 AND entry_id > $2 AND entry_id < $3
   ORDER BY entry_id LIMIT $4`;

/** The entries that exist, ordered by tenant and id. */
export async function readEntries(
  transaction: SqlRunner,
  keys: readonly EntryKey[],
): Promise<AuditEntry[]> {
  if (keys.length === 0) return [];
  const parameters = ENTRY_TABLES.flatMap((table) => {
    const inTable = keys.filter((key) => key.table === table);
    return [inTable.map(({ tenantId }) => tenantId), inTable.map(({ id }) => id)];
  });
  const rows = await transaction.query<AuditEntry>(ENTRIES, parameters);
  return rows.map(toAuditEntry);
}

/** The head of a tenant's chain. */
export async function readHead(transaction: SqlRunner, tenantId: string): Promise<ChainHead> {
  const [head = EMPTY_CHAIN] = await transaction.query<ChainHead>(HEAD, [tenantId]);
  return head;
}

/**
 * The first and last position of the entries between two ids; null if there are none. Entries that were committed late
 * may lie between these positions although their ids are outside.
 */
export async function readPositions(
  transaction: SqlRunner,
  tenantId: string,
  firstId: string,
  endId: string,
): Promise<{ first: number; last: number } | null> {
  const [found] = await transaction.query<{ first: number | null; last: number | null }>(
    POSITIONS,
    [tenantId, firstId, endId],
  );
  const { first = null, last = null } = found ?? {};
  return first === null || last === null ? null : { first, last };
}

/** The entries after those already read were deleted meanwhile. Reading must start again. */
export class AuditLogPruned extends Error {
  override name = 'AuditLogPruned';

  constructor() {
    super('Entries were deleted after their retention period while they were read. Try again.');
  }
}

/** A part of the chain. */
export interface ChainPage {
  /** What the deleted links ended with, if the range begins with them. */
  pruned: PrunedLine[];
  /** Fewer than the limit on the last page. */
  links: ChainedLine[];
}

/**
 * The next links after a position with their entries.
 * @param after the last position that was read, or the one before the range.
 * @throws AuditLogPruned if entries inside of the range were deleted after the first page was read.
 */
export async function readChainedPage(
  transaction: SqlRunner,
  range: Pick<AuditLogRange, 'tenantId' | 'firstPosition' | 'lastPosition'>,
  after: number,
  limit: number,
): Promise<ChainPage> {
  const { tenantId, firstPosition, lastPosition } = range;
  const pruned: PrunedLine[] = [];
  for (let begin = after; begin < lastPosition;) {
    const links = await readLinks(transaction, range, begin, limit);
    // The anchor last: whatever was deleted between these statements is up to it.
    const [anchor = EMPTY_CHAIN] = await transaction.query<ChainHead>(ANCHOR, [tenantId]);
    if (anchor.position <= begin) return { pruned, links };
    if (after >= firstPosition) throw new AuditLogPruned();
    pruned.push({ kind: 'pruned', ...anchor });
    begin = anchor.position;
  }
  return { pruned, links: [] };
}

async function readLinks(
  transaction: SqlRunner,
  { tenantId, lastPosition }: Pick<AuditLogRange, 'tenantId' | 'lastPosition'>,
  after: number,
  limit: number,
): Promise<ChainedLine[]> {
  const links = await transaction.query<Omit<ChainedLine, 'kind' | 'entry'>>(LINKS, [
    tenantId,
    after,
    lastPosition,
    limit,
  ]);
  const entries = await readEntriesByKey(
    transaction,
    links.map(({ entryId: id, entryTable: table }) => ({ tenantId, id, table })),
  );
  return links.map((link) => ({
    kind: 'chained',
    ...link,
    entry: entries.get(`${link.entryTable}/${link.entryId}`) ?? null,
  }));
}

/** The next entries after an id that wait to be appended to the chain; fewer than `limit` on the last page. */
export async function readPendingPage(
  transaction: SqlRunner,
  { tenantId, endId }: Pick<AuditLogRange, 'tenantId' | 'endId'>,
  after: string,
  limit: number,
): Promise<PendingLine[]> {
  const keys = await transaction.query<EntryKey>(QUEUE, [tenantId, after, endId, limit]);
  const entries = await readEntriesByKey(transaction, keys);
  return keys.map(({ id, table }) => ({
    kind: 'pending',
    entryId: id,
    queued: true,
    entry: entries.get(`${table}/${id}`) ?? null,
  }));
}

async function readEntriesByKey(
  transaction: SqlRunner,
  keys: readonly EntryKey[],
): Promise<Map<string, AuditEntry>> {
  const entries = await readEntries(transaction, keys);
  return new Map(entries.map((entry) => [`${entry.table}/${entry.id}`, entry]));
}
