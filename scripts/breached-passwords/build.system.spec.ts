import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BreachedPasswords } from '../../apps/auth-service/src/protection/passwords/breached-passwords.js';
import { encodeBreachedPasswords, readLeakedPasswords } from './build.js';

const committed = new URL(
  '../../apps/auth-service/src/protection/passwords/breached-passwords.bin',
  import.meta.url,
);

describe('the breached password list', () => {
  const leaked = readLeakedPasswords();

  it('is what the script generates from its source', () => {
    expect(encodeBreachedPasswords(leaked).equals(readFileSync(committed))).toBe(true);
  });

  it('is smaller than 2.5 MB', () => {
    expect(readFileSync(committed).length).toBeLessThan(2_500_000);
  });

  it('contains every password of the source that is long enough', () => {
    const list = BreachedPasswords.load();
    expect(leaked.length).toBeGreaterThan(400_000);
    expect(leaked.filter((password) => !list.has(password))).toEqual([]);
  });

  it('encodes the same passwords to the same bytes in any order', () => {
    const some = leaked.slice(0, 1_000);
    expect(encodeBreachedPasswords([...some].reverse()).equals(encodeBreachedPasswords(some))).toBe(
      true,
    );
  });
});
