import { describe, expect, it } from 'vitest';
import { domainOfAddress, normalizeDomain } from './domain-name.js';

describe('normalizeDomain', () => {
  it.each([
    ['acme', 'acme'],
    ['poctracker.com', 'poctracker.com'],
    ['com.br', 'com.br'],
    [' ACME.Example. ', 'acme.example'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['bu\u0308cher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.EXAMPLE', 'xn--bcher-kva.example'],
    ['XN--BCHER-KVA.example', 'xn--bcher-kva.example'],
    ['straße.example', 'xn--strae-oqa.example'],
    ['ｅｘａｍｐｌｅ．ｃｏｍ', 'example.com'],
    ['例え。テスト', 'xn--r8jz45g.xn--zckzah'],
    ['r3---sn.acme.example', 'r3---sn.acme.example'],
  ])('stores %s as %s', (text, domain) => {
    expect(normalizeDomain(text)).toBe(domain);
    expect(normalizeDomain(domain)).toBe(domain);
  });

  it.each([
    '',
    'acme..example',
    'user@acme.example',
    '127.0.0.1',
    'acme.7',
    'ac\u200bme.example',
    'ac\u00adme.example',
    'acme\u2060.example',
    'acme\ufe0f.example',
    '\u202eacme.example',
    'xn--a.example',
    'xn--.example',
    '\ue000.example',
    'a_b.example',
    '\u0301a.example',
  ])('refuses %j', (text) => {
    expect(normalizeDomain(text)).toBeNull();
  });
});

describe('domainOfAddress', () => {
  it.each([
    ['ana@acme.example', 'acme.example'],
    ['"ana@acme.example"@evil.test', 'evil.test'],
    ['ana@ACME.example', 'acme.example'],
    ['ana@Ação.com.br', 'xn--ao-siap.com.br'],
    ['ana@xn--ao-siap.com.br', 'xn--ao-siap.com.br'],
  ])('takes the domain of %s to be %s', (email, domain) => {
    expect(domainOfAddress(email)).toBe(domain);
  });

  it('returns null for an address without a domain name', () => {
    expect(domainOfAddress('ana@[127.0.0.1]')).toBeNull();
  });
});
