import type { SecurityEventType } from '@poc-tracker/contracts';
import type { PlatformQuery } from '@poc-tracker/tenancy';

/** What an operator did, or looked at. Details never carry secrets. */
export interface OperatorEvent {
  type: SecurityEventType;
  result: 'success' | 'failure';
  /** Default: the operator of the transaction. */
  actorId?: string | null;
  target?: { type: string; id: string };
  details?: Record<string, unknown>;
}

/**
 * Where operators' work is recorded: in the trail of the tenant that it concerns, in the transaction that does it, so that
 * neither is there without the other.
 */
export abstract class OperatorTrail {
  abstract recordAsOperator(
    query: PlatformQuery,
    tenantId: string,
    event: OperatorEvent,
  ): Promise<void>;
}
