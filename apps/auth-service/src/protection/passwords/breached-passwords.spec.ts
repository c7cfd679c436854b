import { describe, expect, it } from 'vitest';
import { BreachedPasswords, BUCKETS } from './breached-passwords.js';

describe('BreachedPasswords', () => {
  const list = BreachedPasswords.load();

  it.each([
    'password1',
    'PASSWORD1',
    'PassWord1',
    'ｐａｓｓｗｏｒｄ１',
    '1q2w3e4r5t',
    'iloveyou',
    'qwertyuiop',
  ])('contains %s regardless of case and width', (password) => {
    expect(list.has(password)).toBe(true);
  });

  it('does not contain random passwords', () => {
    const unlisted = Array.from(
      { length: 20_000 },
      (_, index) => `never-leaked-${index}-${index * 7919}`,
    );
    expect(unlisted.filter((password) => list.has(password))).toEqual([]);
  });

  it('refuses a list that is truncated, empty or too long', () => {
    const empty = Buffer.alloc(BUCKETS);
    const oneEntry = Buffer.concat([Buffer.from([1]), Buffer.alloc(BUCKETS - 1)]);
    expect(() => new BreachedPasswords(empty)).toThrow('damaged');
    expect(() => new BreachedPasswords(Buffer.concat([oneEntry, Buffer.alloc(2)]))).toThrow(
      'damaged',
    );
    expect(() => new BreachedPasswords(Buffer.concat([oneEntry, Buffer.alloc(4)]))).toThrow(
      'damaged',
    );
    expect(new BreachedPasswords(Buffer.concat([oneEntry, Buffer.alloc(3)])).size).toBe(1);
  });
});
