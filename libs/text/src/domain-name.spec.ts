import { describe, expect, it } from 'vitest';
import { normalizeDomain } from './domain-name.js';

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
