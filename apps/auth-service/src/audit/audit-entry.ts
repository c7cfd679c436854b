import type { Json } from './chain/canonical-json.js';

/** The tables of the audit log: security events, and changes of rows. */
export const ENTRY_TABLES = ['security_events', 'audit_log'] as const;

export type EntryTable = (typeof ENTRY_TABLES)[number];

/** The entry type of a row change by its operation. {@link ENTRY_COLUMNS} has the same mapping in SQL. */
export const ROW_EVENTS = {
  INSERT: 'row.inserted',
  UPDATE: 'row.updated',
  DELETE: 'row.deleted',
} as const;

/**
 * One entry of a tenant's audit log, from either table. It has every stored column: it is what the API returns, what an
 * export contains, and what the hash covers. `targetType` of a row change is its table.
 */
export interface AuditEntry {
  tenantId: string;
  id: string;
  table: EntryTable;
  /** ISO 8601, UTC, with microseconds. */
  occurredAt: string;
  type: string;
  result: string;
  actorId: string | null;
  actorKind: string;
  targetType: string | null;
  targetId: string | null;
  ipAddress: string | null;
  userAgent: string | null;
  requestId: string | null;
  details: Json;
  oldData: Json;
  newData: Json;
}

/** Identifies an entry. */
export type EntryKey = Pick<AuditEntry, 'tenantId' | 'id' | 'table'>;

/* In UTC with microseconds, independent of the connection's time zone. */
const OCCURRED_AT =
  `to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "occurredAt"` as const;
const TIMESTAMP =
  `to_char("timestamp" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "occurredAt"` as const;

/** The select list of an {@link AuditEntry} from each table. */
export const ENTRY_COLUMNS = {
  security_events: `
    tenant_id AS "tenantId", id, 'security_events' AS "table", ${OCCURRED_AT}, type, result,
    actor_id AS "actorId", actor_kind AS "actorKind", target_type AS "targetType", target_id AS "targetId",
    ip_address AS "ipAddress", user_agent AS "userAgent", request_id AS "requestId",
    details, NULL::jsonb AS "oldData", NULL::jsonb AS "newData"`,
  audit_log: `
    tenant_id AS "tenantId", id, 'audit_log' AS "table", ${TIMESTAMP},
    CASE operation WHEN 'INSERT' THEN 'row.inserted' WHEN 'UPDATE' THEN 'row.updated' ELSE 'row.deleted' END AS type,
    'success' AS result,
    user_id AS "actorId", actor_kind AS "actorKind", table_name AS "targetType", row_id AS "targetId",
    NULL::inet AS "ipAddress", NULL AS "userAgent", NULL AS "requestId",
    NULL::jsonb AS details, old_data AS "oldData", new_data AS "newData"`,
} as const satisfies Readonly<Record<EntryTable, string>>;

/** Picks the entry out of a row with more columns. */
export function toAuditEntry(row: AuditEntry): AuditEntry {
  return {
    tenantId: row.tenantId,
    id: row.id,
    table: row.table,
    occurredAt: row.occurredAt,
    type: row.type,
    result: row.result,
    actorId: row.actorId,
    actorKind: row.actorKind,
    targetType: row.targetType,
    targetId: row.targetId,
    ipAddress: row.ipAddress,
    userAgent: row.userAgent,
    requestId: row.requestId,
    details: row.details,
    oldData: row.oldData,
    newData: row.newData,
  };
}
