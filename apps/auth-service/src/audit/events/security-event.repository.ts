import type { SqlRunner } from '@poc-tracker/tenancy';
import { sanitizeDetails } from '../event-details.js';
import type { EventOrigin, SecurityEvent } from './security-event.js';

/*
 * Tenant and actor default to those of the transaction; the policy refuses another tenant. On the operators' login
 * app.actor_kind distinguishes an operator, also at the command line, from scheduled work of the service.
 */
const EVENT_COLUMNS =
  `tenant_id, type, result, actor_id, actor_kind, ip_address, user_agent, request_id, details,
         target_type, target_id` as const;

const EVENT_VALUES = `t.id, $1, $2, a.id,
         CASE WHEN current_setting('app.actor_kind', true) = 'operator' THEN 'operator'
              WHEN a.id IS NOT NULL THEN 'user'
              WHEN $8::text IS NOT NULL THEN 'anonymous'
              ELSE 'system' END,
         $7::inet, $9, $8, $10::jsonb` as const;

const ACTOR = `(SELECT CASE WHEN $3 THEN $4::uuid
                      ELSE nullif(current_setting('app.current_user_id', true), '')::uuid END) AS a (id)` as const;

const RECORD = `
  INSERT INTO security_events (${EVENT_COLUMNS})
  SELECT ${EVENT_VALUES}, $5, $6
    FROM (SELECT coalesce($11::uuid, nullif(current_setting('app.current_tenant_id', true), '')::uuid)) AS t (id),
         ${ACTOR}`;

const RECORD_FOR_EACH = `
  INSERT INTO security_events (${EVENT_COLUMNS})
  SELECT ${EVENT_VALUES}, coalesce($5, 'tenant'), coalesce($6, t.id::text)
    FROM unnest($11::uuid[]) AS t (id), ${ACTOR}`;

/** Writes an event to the audit log of its tenant: that of the transaction, or on the operators' login the one that it names. */
export async function insertEvent(
  runner: SqlRunner,
  event: SecurityEvent,
  origin: EventOrigin,
): Promise<void> {
  await runner.query(RECORD, parametersOf(event, origin, event.tenantId));
}

/** Writes an event to the audit log of each of these tenants. Without a target, it is the tenant. */
export async function insertEventForEach(
  runner: SqlRunner,
  tenantIds: readonly string[],
  event: SecurityEvent,
  origin: EventOrigin,
): Promise<void> {
  await runner.query(RECORD_FOR_EACH, parametersOf(event, origin, tenantIds));
}

function parametersOf(
  { type, result, actorId, target, details = {} }: SecurityEvent,
  { requestId, client }: EventOrigin,
  tenants?: string | readonly string[],
): unknown[] {
  return [
    type,
    result,
    actorId !== undefined,
    actorId ?? null,
    target?.type ?? null,
    target?.id ?? null,
    client?.ipAddress ?? null,
    requestId ?? null,
    client?.userAgent ?? null,
    sanitizeDetails(details),
    tenants ?? null,
  ];
}
