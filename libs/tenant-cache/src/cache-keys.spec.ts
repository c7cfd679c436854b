import { describe, expect, it } from 'vitest';
import { assertCacheName, generationKey, sharedKey, tenantKey } from './cache-keys.js';

const ACME = '0192f0c1-8c2b-7a10-b1c2-d3e4f5061728';

describe('the keys of cached values', () => {
  it('carry the tenant in braces, and shared ones the kind of name', () => {
    expect(tenantKey(ACME, 'theme', 'current')).toBe(`poc-tracker:mt:{${ACME}}:theme:current`);
    expect(sharedKey('tenant:subdomain', 'acme')).toBe('poc-tracker:tenant:subdomain:acme');
  });

  it.each([
    '',
    'a'.repeat(256),
    'a b',
    'a\r\nFLUSHALL',
    'a\0',
    '*',
    '}:x',
    `{${ACME}}`,
    'é',
    'a/b',
  ])('refuse the key %j', (key) => {
    expect(() => tenantKey(ACME, 'theme', key)).toThrow(TypeError);
    expect(() => sharedKey('tenant:domain', key)).toThrow(TypeError);
  });

  it('allow each key 255 characters, whatever they begin with', () => {
    const longest = 'a'.repeat(255);
    expect(tenantKey(ACME, 'theme', longest)).toContain(longest);
    expect(sharedKey('tenant:subdomain', longest)).toContain(longest);
  });

  it.each(['', 'acme', ACME.toUpperCase(), `${ACME}}:x`, `{${ACME}`, `${ACME}\n`])(
    'refuse the tenant %j',
    (tenantId) => {
      expect(() => tenantKey(tenantId, 'theme', 'current')).toThrow(TypeError);
      expect(() => generationKey(tenantId)).toThrow(TypeError);
    },
  );

  it('refuse names of caches that could be mistaken for a part of a key', () => {
    for (const name of ['', 'a:b', 'A', '1', 'a'.repeat(33)])
      expect(() => assertCacheName(name)).toThrow(TypeError);
    expect(() => assertCacheName('tenant-theme')).not.toThrow();
  });
});
