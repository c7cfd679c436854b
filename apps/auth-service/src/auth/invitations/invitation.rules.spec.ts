import { ROLES } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { maskedAddress, mayInvite } from './invitation.rules.js';

describe('the right to invite', () => {
  it('covers roles up to that of the inviter', () => {
    const allowed = ROLES.map((own) => ROLES.filter((role) => mayInvite({ role: own }, role)));
    expect(allowed).toEqual([
      ['viewer'],
      ['viewer', 'user'],
      ['viewer', 'user', 'manager'],
      ['viewer', 'user', 'manager', 'admin'],
    ]);
  });
});

describe('an email address', () => {
  it('is masked except for its first character and its domain', () => {
    expect(maskedAddress('ana.souza@acme.example')).toBe('a***@acme.example');
    expect(maskedAddress('é@acme.example')).toBe('é***@acme.example');
  });
});
