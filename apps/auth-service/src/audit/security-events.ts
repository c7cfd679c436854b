import type { SecurityEventType } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { findCurrentRequest, type PlatformQuery, TenantDatabase } from '@poc-tracker/tenancy';
import { WorkQueue } from '../protection/work-queue.js';
import { presentableDetails } from './event-details.js';

/** What happened, to whom, and how it ended. */
export interface SecurityEvent {
  type: SecurityEventType;
  result: 'success' | 'failure';
  /** Default: the person, or the operator, of the transaction. */
  actorId?: string | null;
  target?: { type: string; id: string };
  /** Never a secret: fields that are named like one are left out. */
  details?: Record<string, unknown>;
}

/** Where an event comes from, for what is recorded outside of the flow of a request. */
export interface EventOrigin {
  requestId?: string | undefined;
  client?: { ipAddress: string | null; userAgent: string | null } | undefined;
  actorId?: string | null | undefined;
}

/*
 * Tenant and actor are those of the transaction unless others are named; the policy refuses another tenant. On the operators' login
 * app.actor_kind tells a person, at the command line too, from the service's own scheduled work.
 */
const RECORD = `
  INSERT INTO security_events
         (tenant_id, type, result, actor_id, actor_kind, target_type, target_id, ip_address, user_agent, request_id, details)
  SELECT coalesce($11::uuid, nullif(current_setting('app.current_tenant_id', true), '')::uuid), $1, $2, a.id,
         CASE WHEN current_setting('app.actor_kind', true) = 'operator' THEN 'operator'
              WHEN a.id IS NOT NULL THEN 'user'
              WHEN $8::text IS NOT NULL THEN 'anonymous'
              ELSE 'system' END,
         $5, $6, $7::inet, $9, $8, $10::jsonb
    FROM (SELECT CASE WHEN $3 THEN $4::uuid
                      ELSE nullif(current_setting('app.current_user_id', true), '')::uuid END AS id) a`;

/**
 * What refusals may take of the pool at a time. They write for less than a millisecond, so that few connections record
 * thousands a second; and the storm of log-ins that fail leaves the others to those that succeed.
 */
const APART_CONCURRENCY = 4;

/** More than the queue of passwords to verify lets through at once. */
const APART_CAPACITY = 2_000;

/** The tenant's trail of what was done and what was refused, beside the changes of rows that triggers record. */
@Injectable()
export class SecurityEvents {
  private readonly lane = new WorkQueue({
    concurrency: APART_CONCURRENCY,
    capacity: APART_CAPACITY,
  });

  constructor(private readonly database: TenantDatabase) {}

  /** Records in the current transaction: the event is there exactly if what it tells of is. */
  async record(event: SecurityEvent): Promise<void> {
    await this.database.query(RECORD, parametersOf(event, originHere()));
  }

  /**
   * Records in a transaction of its own, for what was refused: it stays although the request leaves nothing else.
   * To be called before the request's first statement or after its transaction.
   * @throws ApiError SERVICE_BUSY rather than leaving an event out when too many wait; Error inside a transaction that
   *   holds a connection (see TenantDatabase.transaction).
   */
  async recordApart(
    tenantId: string,
    event: SecurityEvent,
    origin: EventOrigin = originHere(),
  ): Promise<void> {
    const context = { tenantId, userId: origin.actorId ?? null, role: null };
    await this.lane.run(() =>
      this.database.transaction(context, async () => {
        await this.database.query(RECORD, parametersOf(event, origin));
      }),
    );
  }

  /** Records an operator's work, or the service's own, in the trail of the tenant that it concerns. */
  async recordAsOperator(
    query: PlatformQuery,
    tenantId: string,
    event: SecurityEvent,
  ): Promise<void> {
    await query(RECORD, parametersOf(event, originHere(), tenantId));
  }
}

function parametersOf(
  { type, result, actorId, target, details = {} }: SecurityEvent,
  { requestId, client }: EventOrigin,
  tenantId: string | null = null,
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
    presentableDetails(details),
    tenantId,
  ];
}

/** Scheduled work and the command line answer no request. */
function originHere(): EventOrigin {
  const request = findCurrentRequest();
  return { requestId: request?.requestId, client: request?.client, actorId: request?.user?.id };
}
