import { ApiError, type SecurityEventType, type TenantStatus } from '@poc-tracker/contracts';

/** A tenant that is purged has no row any more, hence no status. */
export type TenantState = TenantStatus | 'purged';

interface Move {
  from: readonly TenantStatus[];
  to: TenantState;
  event: SecurityEventType;
}

/** Every way from one state to another; the database holds the same line by trigger. */
export const TENANT_MOVES = {
  suspend: { from: ['active'], to: 'suspended', event: 'tenant.suspended' },
  reactivate: { from: ['suspended'], to: 'active', event: 'tenant.reactivated' },
  cancel: { from: ['active', 'suspended'], to: 'canceled', event: 'tenant.canceled' },
  restore: { from: ['canceled'], to: 'active', event: 'tenant.restored' },
  purge: { from: ['canceled'], to: 'purged', event: 'tenant.purged' },
} as const satisfies Record<string, Move>;

export type TenantMove = keyof typeof TENANT_MOVES;

/** The moves between two states of a tenant. The purge, which has no way back, is a method of its own everywhere. */
export type StateMove = Exclude<TenantMove, 'purge'>;

/** What can be done with a tenant that is in this state. */
export function allowedMoves(state: TenantState): TenantMove[] {
  return (Object.keys(TENANT_MOVES) as TenantMove[]).filter((move) =>
    (TENANT_MOVES[move].from as readonly TenantState[]).includes(state),
  );
}

/** @throws ApiError INVALID_TRANSITION (details: `from`, `allowed`). */
export function assertAllowed(move: TenantMove, from: TenantStatus): void {
  const allowed = allowedMoves(from);
  if (!allowed.includes(move)) throw notAllowed(from, { allowed });
}

/** The refusal of a move; `details` say why. */
export function notAllowed(from: TenantStatus, details: object = {}): ApiError {
  return new ApiError('INVALID_TRANSITION', { details: { from, ...details } });
}
