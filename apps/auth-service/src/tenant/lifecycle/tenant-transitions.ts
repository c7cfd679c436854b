import { ApiError, type SecurityEventType, type TenantStatus } from '@poc-tracker/contracts';

/** A purged tenant has no row and therefore no status. */
export type TenantState = TenantStatus | 'purged';

interface Transition {
  from: readonly TenantStatus[];
  to: TenantState;
  event: SecurityEventType;
}

/** The transitions between states. A trigger of the database enforces the same. */
export const TENANT_TRANSITIONS = {
  suspend: { from: ['active'], to: 'suspended', event: 'tenant.suspended' },
  reactivate: { from: ['suspended'], to: 'active', event: 'tenant.reactivated' },
  cancel: { from: ['active', 'suspended'], to: 'canceled', event: 'tenant.canceled' },
  restore: { from: ['canceled'], to: 'active', event: 'tenant.restored' },
  purge: { from: ['canceled'], to: 'purged', event: 'tenant.purged' },
} as const satisfies Record<string, Transition>;

export type TenantTransition = keyof typeof TENANT_TRANSITIONS;

/** The transitions that keep the tenant. The purge, which is final, has methods of its own. */
export type StatusTransition = Exclude<TenantTransition, 'purge'>;

/** The transitions that a state allows. */
export function allowedTransitions(state: TenantState): TenantTransition[] {
  return (Object.keys(TENANT_TRANSITIONS) as TenantTransition[]).filter((transition) =>
    (TENANT_TRANSITIONS[transition].from as readonly TenantState[]).includes(state),
  );
}

/** @throws ApiError INVALID_TRANSITION (details: `from`, `allowed`). */
export function assertAllowed(transition: TenantTransition, from: TenantStatus): void {
  const allowed = allowedTransitions(from);
  if (!allowed.includes(transition)) throw notAllowed(from, { allowed });
}

/** The error of a refused transition; `details` gives the reason. */
export function notAllowed(from: TenantStatus, details: object = {}): ApiError {
  return new ApiError('INVALID_TRANSITION', { details: { from, ...details } });
}
