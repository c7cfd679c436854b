import type { SqlRunner } from '@poc-tracker/tenancy';
import type { AuditEntry, EntryKey } from '../audit-entry.js';
import { readEntries } from './audit-log-page.repository.js';
import type { PendingLine } from './audit-log-line.js';
import type { ChainHead, ChainLink } from './chain-link.js';

/* The tenants with pending entries, by one index lookup for each. */
const TENANTS_WITH_PENDING = `
  WITH RECURSIVE tenant AS (
    (SELECT tenant_id FROM audit_pending ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT p.tenant_id FROM audit_pending p WHERE p.tenant_id > t.tenant_id ORDER BY p.tenant_id LIMIT 1)
      FROM tenant t WHERE t.tenant_id IS NOT NULL)
  SELECT tenant_id AS id FROM tenant WHERE tenant_id IS NOT NULL`;

/*
 * The next pending entries of each tenant after a position. Only committed entries are visible; entries that commit later
 * are found by the next run.
 */
const PENDING_OF_TENANTS = `
  SELECT p.tenant_id AS "tenantId", p.entry_id AS id, p.entry_table AS "table"
    FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS after (tenant_id, entry_id, entry_table), LATERAL (
      SELECT * FROM audit_pending p
       WHERE p.tenant_id = after.tenant_id AND (p.entry_id, p.entry_table) > (after.entry_id, after.entry_table)
       ORDER BY p.entry_id, p.entry_table LIMIT $4) p
   ORDER BY 1, 2, 3`;

/*
 * One index lookup per tenant, however long the chains are. It covers two days: with jitter, retries and a service that
 * was down for a night, up to 46 hours may pass between two runs, and a shorter period would skip heads. A head that is
 * logged twice does no harm.
 */
const HEADS = `
  WITH RECURSIVE tenant AS (
    (SELECT tenant_id FROM audit_chain WHERE tenant_id > $1 ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.tenant_id FROM audit_chain c WHERE c.tenant_id > t.tenant_id ORDER BY c.tenant_id LIMIT 1)
      FROM tenant t WHERE t.tenant_id IS NOT NULL)
  SELECT t.tenant_id AS "tenantId", h.position::float8 AS position, encode(h.hash, 'hex') AS hash,
         h.chained_at > now() - interval '48 hours' AS recent
    FROM tenant t,
         LATERAL (SELECT position, hash, chained_at FROM audit_chain c WHERE c.tenant_id = t.tenant_id
                   ORDER BY position DESC LIMIT 1) h
   ORDER BY 1 LIMIT $2`;

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
const LOGS = `
  WITH RECURSIVE chain AS (
    (SELECT tenant_id FROM audit_chain ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.tenant_id FROM audit_chain c WHERE c.tenant_id > t.tenant_id ORDER BY c.tenant_id LIMIT 1)
      FROM chain t WHERE t.tenant_id IS NOT NULL)
  SELECT coalesce(t.id, l.tenant_id) AS "tenantId", coalesce(t.subdomain, l.tenant_id::text) AS name
    FROM tenants t FULL JOIN (SELECT tenant_id FROM chain WHERE tenant_id IS NOT NULL) l ON l.tenant_id = t.id
   WHERE $1::uuid IS NULL OR t.id = $1 OR l.tenant_id = $1
   ORDER BY 2`;

const APPEND = 'SELECT append_audit_chain($1, $2, $3::jsonb) AS appended';

/** The head of a chain, and whether it grew within the last two days. */
export interface TenantHead extends ChainHead {
  tenantId: string;
  recent: boolean;
}

/** The tenants that have entries to append. */
export async function readTenantsWithPending(runner: SqlRunner): Promise<string[]> {
  const rows = await runner.query<{ id: string }>(TENANTS_WITH_PENDING);
  return rows.map(({ id }) => id);
}

/** The next pending entries of each tenant, up to `limit` each. @param after a position in the queue of each tenant */
export async function readPendingOfTenants(
  runner: SqlRunner,
  after: readonly EntryKey[],
  limit: number,
): Promise<EntryKey[]> {
  return runner.query<EntryKey>(PENDING_OF_TENANTS, [
    after.map(({ tenantId }) => tenantId),
    after.map(({ id }) => id),
    after.map(({ table }) => table),
    limit,
  ]);
}

/**
 * Moves entries from the queue to the chain.
 * @param start the position of the head that the links continue
 * @returns false if another writer has appended to the chain since.
 */
export async function appendLinks(
  runner: SqlRunner,
  tenantId: string,
  start: number,
  links: readonly { entry: AuditEntry; link: ChainLink }[],
): Promise<boolean> {
  const parameter = JSON.stringify(links.map(toParameter));
  const [result] = await runner.query<{ appended: boolean }>(APPEND, [tenantId, start, parameter]);
  return result?.appended === true;
}

/** The heads of the next chains after a tenant, in the order of the tenants. */
export async function readHeads(
  runner: SqlRunner,
  after: string,
  limit: number,
): Promise<TenantHead[]> {
  return runner.query<TenantHead>(HEADS, [after, limit]);
}

/** The audit log of one tenant, or of all, with the subdomain or, if the tenant is gone, the id as a name. */
export async function listStoredAuditLogs(
  runner: SqlRunner,
  tenantId: string | null,
): Promise<{ tenantId: string; name: string }[]> {
  return runner.query<{ tenantId: string; name: string }>(LOGS, [tenantId]);
}

/** Entries that are in neither the chain nor the queue. */
export async function readUnqueuedPage(
  transaction: SqlRunner,
  { tenantId }: { tenantId: string },
  after: string,
  limit: number,
): Promise<PendingLine[]> {
  const keys = await transaction.query<EntryKey>(UNQUEUED, [tenantId, after, limit]);
  const entries = await readEntries(transaction, keys);
  return entries.map((entry) => ({ kind: 'pending', entryId: entry.id, queued: false, entry }));
}

function toParameter({
  entry: { id, table },
  link,
}: {
  entry: AuditEntry;
  link: ChainLink;
}): Record<string, unknown> {
  return {
    position: link.position,
    entry_table: table,
    entry_id: id,
    entry_hash: link.entryHash,
    previous_hash: link.previousHash,
    hash: link.hash,
    chained_at: link.chainedAt,
  };
}
