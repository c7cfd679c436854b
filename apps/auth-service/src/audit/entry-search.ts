import type { ListAuditQuery } from './audit.dto.js';
import { ENTRY_COLUMNS, type EntryTable, ROW_EVENTS } from './audit-entry.js';
import { ID_SLACK_MS, uuidAt } from './uuid-range.js';

/** Filters of the audit log. `before`: the id of the last entry of the previous page. */
export type EntryFilters = Pick<
  ListAuditQuery,
  'from' | 'to' | 'type' | 'result' | 'actorId' | 'targetId' | 'table' | 'requestId'
> & { before?: string };

interface Statement {
  sql: string;
  params: unknown[];
}

/**
 * The statement for the latest entries that match the filters, newest first. Each table is limited on its own, by an
 * index that starts with the tenant; a table that cannot contain a match is left out. Null if neither can.
 */
export function searchStatement(filters: EntryFilters, limit: number): Statement | null {
  const params: unknown[] = [limit];
  const tables = [
    ...(mayBeEvent(filters)
      ? [selectFrom('security_events', eventConditions(filters, params))]
      : []),
    ...(mayBeChange(filters) ? [selectFrom('audit_log', changeConditions(filters, params))] : []),
  ];
  if (tables.length === 0) return null;
  return { sql: `${FOUND}${tables.join(' UNION ALL ')}${WITH_LINKS}`, params };
}

const FOUND =
  "SELECT e.*, c.position::float8 AS position, encode(c.hash, 'hex') AS hash FROM (SELECT * FROM (";

const WITH_LINKS = `) h ORDER BY id DESC LIMIT $1) e
  LEFT JOIN audit_chain c ON c.tenant_id = e."tenantId" AND c.entry_id = e.id AND c.entry_table = e."table"
  ORDER BY e.id DESC`;

function selectFrom(table: EntryTable, conditions: readonly string[]): string {
  return `(SELECT ${ENTRY_COLUMNS[table]} FROM ${table} WHERE ${['true', ...conditions].join(' AND ')}
            ORDER BY ${table}.id DESC LIMIT $1)`;
}

function mayBeEvent({ type, table }: EntryFilters): boolean {
  return table === undefined && (type === undefined || operationOf(type) === undefined);
}

/** audit_log holds only changes that succeeded, and no request ids. */
function mayBeChange({ type, result, requestId }: EntryFilters): boolean {
  return (
    requestId === undefined &&
    result !== 'failure' &&
    (type === undefined || operationOf(type) !== undefined)
  );
}

function eventConditions(filters: EntryFilters, params: unknown[]): string[] {
  return [
    ...rangeConditions(filters, 'occurred_at', params),
    ...equal('type', filters.type, params),
    ...equal('result', filters.result, params),
    ...equal('actor_id', filters.actorId, params),
    ...equal('target_id', filters.targetId, params),
    ...equal('request_id', filters.requestId, params),
  ];
}

function changeConditions(filters: EntryFilters, params: unknown[]): string[] {
  return [
    ...rangeConditions(filters, '"timestamp"', params),
    ...equal('operation', filters.type && operationOf(filters.type), params),
    ...equal('user_id', filters.actorId, params),
    ...equal('row_id', filters.targetId, params),
    ...equal('table_name', filters.table, params),
  ];
}

/** Ids start with their time, so that the page order and a time range are one range of the index. */
function rangeConditions(
  { from, to, before }: EntryFilters,
  time: string,
  params: unknown[],
): string[] {
  const conditions: string[] = [];
  if (from !== undefined) {
    conditions.push(`id >= $${params.push(uuidAt(Date.parse(from) - ID_SLACK_MS))}::uuid`);
    conditions.push(`${time} >= $${params.push(from)}::timestamptz`);
  }
  if (to !== undefined) {
    conditions.push(`id < $${params.push(uuidAt(Date.parse(to) + ID_SLACK_MS))}::uuid`);
    conditions.push(`${time} < $${params.push(to)}::timestamptz`);
  }
  if (before !== undefined) conditions.push(`id < $${params.push(before)}::uuid`);
  return conditions;
}

function equal(column: string, value: string | undefined, params: unknown[]): string[] {
  return value === undefined ? [] : [`${column} = $${params.push(value)}`];
}

function operationOf(type: string): string | undefined {
  return Object.entries(ROW_EVENTS).find(([, rowEvent]) => rowEvent === type)?.[0];
}
