import { describe, expect, it } from 'vitest';
import { checkDomain } from './domain-name.js';

const BASE = 'poctracker.com';

describe('checkDomain', () => {
  it.each([
    ['login.acme.com.br', 'login.acme.com.br'],
    [' Login.ACME.Example. ', 'login.acme.example'],
    ['acme.io', 'acme.io'],
    ['co.example', 'co.example'],
    ['ação.com.br', 'xn--ao-siap.com.br'],
    ['BÜCHER.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['notpoctracker.com', 'notpoctracker.com'],
    ['poctracker.com.br', 'poctracker.com.br'],
  ])('accepts %s as %s', (input, domain) => {
    expect(checkDomain(input, BASE)).toEqual({ domain });
  });

  it.each([
    '',
    ' ',
    '.',
    'acme',
    'br',
    'com.br',
    'COM.BR.',
    'co.uk',
    'gov.br',
    'localhost',
    'acme.localhost',
    'printer.local',
    'db.internal',
    '4.3.2.1.in-addr.arpa',
    'poctracker.com',
    'PocTracker.com.',
    'acme.poctracker.com',
    'ａcme.poctracker.com',
    '127.0.0.1',
    '0x7f.1',
    '2130706433',
    '::1',
    '[::1]',
    'acme.example:443',
    'https://acme.example',
    'acme.example/login',
    'user@acme.example',
    'acme..example',
    '-acme.example',
    'acme-.example',
    '*.acme.example',
    'acme example.com',
    'acme.exa\u0000mple',
    "acme.example'; DROP TABLE tenants; --",
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(130)}example`,
  ])('refuses %j with a reason', (input) => {
    expect(checkDomain(input, BASE)).toEqual({
      refusal: expect.stringMatching(/^must be /) as string,
    });
  });
});
