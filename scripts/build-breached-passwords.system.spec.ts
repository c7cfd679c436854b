import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BreachedPasswords } from '../apps/auth-service/src/protection/breached-passwords.js';
import { encodeBreachedPasswords, readLeakedPasswords } from './build-breached-passwords.js';

const committed = new URL(
  '../apps/auth-service/src/protection/breached-passwords.bin',
  import.meta.url,
);

describe('the list of breached passwords', () => {
  const leaked = readLeakedPasswords();

  it('is what the script makes of the source today', () => {
    expect(encodeBreachedPasswords(leaked).equals(readFileSync(committed))).toBe(true);
  });

  it('stays small enough to travel with the code', () => {
    expect(readFileSync(committed).length).toBeLessThan(2_500_000);
  });

  it('holds every entry of the source that the length rule lets through', () => {
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
