import type { ListAuditQuery } from './audit.dto.js';
import { ENTRY_COLUMNS, type EntryTable, ROW_EVENTS } from './audit-entry.js';
import { ID_SLACK_MS, uuidAt } from './uuid-range.js';

/** What is asked of the trail. `before`: the id of the last entry of the page before. */
export type EntryFilters = Pick<
  ListAuditQuery,
  'from' | 'to' | 'type' | 'result' | 'actorId' | 'targetId' | 'table' | 'requestId'
> & { before?: string };

interface Statement {
  sql: string;
  params: unknown[];
}

/**
 * The statement for the latest entries that meet the filters, newest first. Each half of the trail is asked for its own
 * `limit` by an index that leads with the tenant; a half that cannot have what is asked for is left out.
 */
export function searchStatement(filters: EntryFilters, limit: number): Statement | null {
  const params: unknown[] = [limit];
  const halves = [
    ...(mayBeEvent(filters) ? [half('security_events', eventConditions(filters, params))] : []),
    ...(mayBeChange(filters) ? [half('audit_log', changeConditions(filters, params))] : []),
  ];
  if (halves.length === 0) return null;
  return { sql: `${FOUND}${halves.join(' UNION ALL ')}${WITH_SEALS}`, params };
}

const FOUND =
  "SELECT e.*, c.position::float8 AS position, encode(c.hash, 'hex') AS hash FROM (SELECT * FROM (";

const WITH_SEALS = `) h ORDER BY id DESC LIMIT $1) e
  LEFT JOIN audit_chain c ON c.tenant_id = e."tenantId" AND c.entry_id = e.id AND c.entry_table = e."table"
  ORDER BY e.id DESC`;

function half(table: EntryTable, conditions: readonly string[]): string {
  return `(SELECT ${ENTRY_COLUMNS[table]} FROM ${table} WHERE ${['true', ...conditions].join(' AND ')}
            ORDER BY ${table}.id DESC LIMIT $1)`;
}

function mayBeEvent({ type, table }: EntryFilters): boolean {
  return table === undefined && (type === undefined || operationOf(type) === undefined);
}

/** A change that was not made is not in the trail of rows, and whoever made one is known without the request. */
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

/** Ids begin with their time, so that the order of the pages and a range of time are one range of the index. */
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
