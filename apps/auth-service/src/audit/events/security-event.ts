import type { SecurityEventType } from '@poc-tracker/contracts';

export interface SecurityEvent {
  type: SecurityEventType;
  result: 'success' | 'failure';
  /** Whose audit log gets the entry. Default: the tenant of the transaction. Only the operators' login may name another. */
  tenantId?: string;
  /** Default: the user or operator of the transaction. */
  actorId?: string | null;
  target?: { type: string; id: string };
  /** Must not contain secrets. Fields that are named like one are left out. */
  details?: Record<string, unknown>;
}

/** Where an event comes from. Default: the current request. */
export interface EventOrigin {
  requestId?: string | undefined;
  client?: { ipAddress: string | null; userAgent: string | null } | undefined;
  actorId?: string | null | undefined;
}
