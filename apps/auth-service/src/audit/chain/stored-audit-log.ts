import { MAX_UUID, NIL_UUID } from '@poc-tracker/contracts';
import type { PlatformDatabase, SqlRunner } from '@poc-tracker/tenancy';
import { CHAIN_FORMAT, type ChainHead, EMPTY_CHAIN } from './chain-link.js';
import type { EntryKey } from '../audit-entry.js';
import type { AuditLogLine, PendingLine } from './audit-log-line.js';
import { readEntries, readHead, readChainedPage, readPendingPage } from './audit-log-pages.js';

/** Entries per statement. */
const PAGE = 1_000;

/** Statement timeout in milliseconds: the search for entries without a link is slow in a log of many millions. */
const STATEMENT_MS = 10 * 60_000;

/*
 * Entries that are neither in the chain nor in the queue. One statement has one snapshot, and appending moves an entry
 * from the queue to the chain in one transaction, so that no entry is missed or reported while it moves.
 */
const UNQUEUED = `
  SELECT $1::uuid AS "tenantId", e.id, e."table"
    FROM (SELECT s.id, 'security_events' AS "table" FROM security_events s
           WHERE s.tenant_id = $1 AND s.id > $2
             AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.tenant_id = s.tenant_id AND c.entry_id = s.id
                                AND c.entry_table = 'security_events')
             AND NOT EXISTS (SELECT FROM audit_pending q WHERE q.tenant_id = s.tenant_id AND q.entry_id = s.id
                                AND q.entry_table = 'security_events')
          UNION ALL
          SELECT a.id, 'audit_log' FROM audit_log a
           WHERE a.tenant_id = $1 AND a.id > $2
             AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.tenant_id = a.tenant_id AND c.entry_id = a.id
                                AND c.entry_table = 'audit_log')
             AND NOT EXISTS (SELECT FROM audit_pending q WHERE q.tenant_id = a.tenant_id AND q.entry_id = a.id
                                AND q.entry_table = 'audit_log')) e
   ORDER BY e.id LIMIT $3`;

/* Tenants, and chains without a tenant: purging a tenant removes its chain, so none may remain. */
const LIST = `
  WITH RECURSIVE chain AS (
    (SELECT tenant_id FROM audit_chain ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.tenant_id FROM audit_chain c WHERE c.tenant_id > t.tenant_id ORDER BY c.tenant_id LIMIT 1)
      FROM chain t WHERE t.tenant_id IS NOT NULL)
  SELECT coalesce(t.id, l.tenant_id) AS "tenantId", coalesce(t.subdomain, l.tenant_id::text) AS name
    FROM tenants t FULL JOIN (SELECT tenant_id FROM chain WHERE tenant_id IS NOT NULL) l ON l.tenant_id = t.id
   WHERE $1::uuid IS NULL OR t.id = $1 OR l.tenant_id = $1
   ORDER BY 2`;

/** The audit log of one tenant, or of all, with the subdomain or, if the tenant is gone, the id as a name. */
export async function listStoredAuditLogs(
  database: PlatformDatabase,
  tenantId: string | null,
): Promise<{ tenantId: string; name: string }[]> {
  return database.query<{ tenantId: string; name: string }>(LIST, [tenantId]);
}

/**
 * Reads a tenant's whole audit log in the format of an export, page by page on the operators' login.
 * @throws AuditLogPruned if the retention job overtakes the reader.
 */
export async function* storedAuditLog(
  database: PlatformDatabase,
  tenantId: string,
): AsyncGenerator<AuditLogLine> {
  const read = <T>(work: (transaction: SqlRunner) => Promise<T>): Promise<T> =>
    database.transaction({ tenantId: null, operatorId: null }, work, {
      statementTimeoutMs: STATEMENT_MS,
    });
  const end = await read((transaction) => readHead(transaction, tenantId));
  yield {
    kind: 'header',
    format: CHAIN_FORMAT,
    algorithm: 'sha256',
    tenantId,
    from: null,
    to: null,
    exportedAt: new Date().toISOString(),
    firstPosition: 1,
    head: end,
  };
  const range = { tenantId, firstPosition: 1, lastPosition: end.position, endId: MAX_UUID };
  let head: ChainHead = EMPTY_CHAIN;
  let [chained, pending] = [0, 0];
  for (let more = true; more;) {
    const after = head.position;
    const page = await read((transaction) => readChainedPage(transaction, range, after, PAGE));
    yield* page.pruned;
    yield* page.links;
    const last = page.links.at(-1);
    if (last !== undefined) head = { position: last.position, hash: last.hash };
    chained += page.links.length;
    more = page.links.length === PAGE;
  }
  // Entries that were appended in the meantime are in neither of these lists and are not verified this time.
  for (const readPage of [readPendingPage, readUnqueuedPage]) {
    let after = NIL_UUID;
    for (let more = true; more;) {
      const page = await read((transaction) => readPage(transaction, range, after, PAGE));
      yield* page;
      after = page.at(-1)?.entryId ?? after;
      pending += page.length;
      more = page.length === PAGE;
    }
  }
  yield { kind: 'trailer', chained, pending, head };
}

async function readUnqueuedPage(
  transaction: SqlRunner,
  { tenantId }: { tenantId: string },
  after: string,
  limit: number,
): Promise<PendingLine[]> {
  const keys = await transaction.query<EntryKey>(UNQUEUED, [tenantId, after, limit]);
  const entries = await readEntries(transaction, keys);
  return entries.map((entry) => ({ kind: 'pending', entryId: entry.id, queued: false, entry }));
}
