import { describe, expect, it } from 'vitest';
import { hashOfRecoveryCode, newRecoveryCodes } from './recovery-codes.js';

describe('Recovery codes', () => {
  it('are ten, of 100 random bits each in groups of characters that cannot be mistaken', () => {
    const codes = newRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes)
      expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$/);
  });

  it('use every character equally often', () => {
    const text = Array.from({ length: 500 }, newRecoveryCodes).flat().join('').replaceAll('-', '');
    const counts = new Map<string, number>();
    for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
    expect(counts.size).toBe(32);
    // 3125 are expected of each; five standard deviations are 275.
    for (const count of counts.values()) expect(Math.abs(count - 3_125)).toBeLessThan(300);
  });

  it.each(['7k2qd-m9xwt-3hbna-vz84r', ' 7K2QD M9XWT 3HBNA VZ84R ', '7K2QDM9XWT3HBNAVZ84R'])(
    'are read as users type them: %s',
    (typed) => {
      expect(hashOfRecoveryCode(typed)).toEqual(hashOfRecoveryCode('7K2QD-M9XWT-3HBNA-VZ84R'));
    },
  );

  it('take O for 0, and I and L for 1', () => {
    expect(hashOfRecoveryCode('OIL00-11111-22222-33333')).toEqual(
      hashOfRecoveryCode('01100-11111-22222-33333'),
    );
  });
});
