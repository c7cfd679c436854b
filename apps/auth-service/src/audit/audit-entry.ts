import type { Json } from './chain/canonical-json.js';

/** The tables that together are the trail: what was done or refused, and which rows were changed. */
export const ENTRY_TABLES = ['security_events', 'audit_log'] as const;

export type EntryTable = (typeof ENTRY_TABLES)[number];

/** A change of a row, told as the type of an event: what {@link ENTRY_COLUMNS} make of the operation. */
export const ROW_EVENTS = {
  INSERT: 'row.inserted',
  UPDATE: 'row.updated',
  DELETE: 'row.deleted',
} as const;

/**
 * One entry of a tenant's trail, from either table. Every stored column is in it: it is what people read, what is
 * exported, and what the hash is made of. `targetType` of a changed row is its table.
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

/* Times to the microsecond and in UTC, whatever time zone a connection is in. */
const OCCURRED_AT =
  `to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "occurredAt"` as const;
const TIMESTAMP =
  `to_char("timestamp" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "occurredAt"` as const;

/** The columns of an {@link AuditEntry}, to be selected from the table. */
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

/** An entry out of a row that has more in it. */
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
