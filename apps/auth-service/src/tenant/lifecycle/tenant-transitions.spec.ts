import { ApiError, TENANT_STATUSES } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import {
  allowedTransitions,
  assertAllowed,
  TENANT_TRANSITIONS,
  type TenantTransition,
} from './tenant-transitions.js';

const TRANSITIONS = Object.keys(TENANT_TRANSITIONS) as TenantTransition[];

describe('the transitions of a tenant', () => {
  it('depend on its status', () => {
    expect(allowedTransitions('active')).toEqual(['suspend', 'cancel']);
    expect(allowedTransitions('suspended')).toEqual(['reactivate', 'cancel']);
    expect(allowedTransitions('canceled')).toEqual(['restore', 'purge']);
    expect(allowedTransitions('purged')).toEqual([]);
  });

  it.each(
    TENANT_STATUSES.flatMap((from) => TRANSITIONS.map((transition) => [transition, from] as const)),
  )(
    '%s of a tenant that is %s is allowed, or refused with the transitions that are',
    (transition, from) => {
      const attempt = () => {
        assertAllowed(transition, from);
      };
      if (allowedTransitions(from).includes(transition)) return expect(attempt).not.toThrow();
      try {
        attempt();
      } catch (error) {
        expect(error).toBeInstanceOf(ApiError);
        return expect(error).toMatchObject({
          code: 'INVALID_TRANSITION',
          details: { from, allowed: allowedTransitions(from) },
        });
      }
      throw new Error('nothing was refused');
    },
  );
});
