import { ApiError, TENANT_STATUSES } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { allowedMoves, assertAllowed, TENANT_MOVES, type TenantMove } from './tenant-moves.js';

const MOVES = Object.keys(TENANT_MOVES) as TenantMove[];

describe('the transitions of a tenant', () => {
  it('depend on its status', () => {
    expect(allowedMoves('active')).toEqual(['suspend', 'cancel']);
    expect(allowedMoves('suspended')).toEqual(['reactivate', 'cancel']);
    expect(allowedMoves('canceled')).toEqual(['restore', 'purge']);
    expect(allowedMoves('purged')).toEqual([]);
  });

  it.each(TENANT_STATUSES.flatMap((from) => MOVES.map((move) => [move, from] as const)))(
    '%s of a tenant that is %s is allowed, or refused with the transitions that are',
    (move, from) => {
      const attempt = () => {
        assertAllowed(move, from);
      };
      if (allowedMoves(from).includes(move)) return expect(attempt).not.toThrow();
      try {
        attempt();
      } catch (error) {
        expect(error).toBeInstanceOf(ApiError);
        return expect(error).toMatchObject({
          code: 'INVALID_TRANSITION',
          details: { from, allowed: allowedMoves(from) },
        });
      }
      throw new Error('nothing was refused');
    },
  );
});
