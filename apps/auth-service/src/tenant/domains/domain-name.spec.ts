import { describe, expect, it } from 'vitest';
import { judgeDomain } from './domain-name.js';

const BASE = 'poctracker.com';

describe('a domain', () => {
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
  ])('%s is taken as %s', (input, domain) => {
    expect(judgeDomain(input, BASE)).toEqual({ domain });
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
  ])('%j is refused with a reason', (input) => {
    expect(judgeDomain(input, BASE)).toEqual({
      refusal: expect.stringMatching(/^must be /) as string,
    });
  });
});
