import { ROLES } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { domainOfAddress, maskedAddress, mayInvite } from './invitation.rules.js';

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

describe('an e-mail address', () => {
  it.each([
    ['ana@acme.example', 'acme.example'],
    ['"ana@acme.example"@evil.test', 'evil.test'],
    ['ana@ACME.example', 'acme.example'],
    ['ana@Ação.com.br', 'xn--ao-siap.com.br'],
    ['ana@xn--ao-siap.com.br', 'xn--ao-siap.com.br'],
  ])('%s has the domain %s', (email, domain) => {
    expect(domainOfAddress(email)).toBe(domain);
  });

  it('is masked except for its first character and its domain', () => {
    expect(maskedAddress('ana.souza@acme.example')).toBe('a***@acme.example');
    expect(maskedAddress('é@acme.example')).toBe('é***@acme.example');
  });
});
