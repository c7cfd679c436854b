import { ROLES } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { mayAssignRole } from './role.rules.js';

describe('the right to assign a role', () => {
  it('covers roles up to that of the caller', () => {
    const allowed = ROLES.map((own) => ROLES.filter((role) => mayAssignRole({ role: own }, role)));
    expect(allowed).toEqual([
      ['viewer'],
      ['viewer', 'user'],
      ['viewer', 'user', 'manager'],
      ['viewer', 'user', 'manager', 'admin'],
    ]);
  });
});
