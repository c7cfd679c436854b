import { describe, expect, it } from 'vitest';
import { sanitizeDetails } from './event-details.js';

const shown = (details: Record<string, unknown>) => JSON.parse(sanitizeDetails(details)) as unknown;

describe('sanitizeDetails', () => {
  it.each([
    'password',
    'newPassword',
    'secret',
    'clientSecret',
    'refreshToken',
    'token',
    'nonce',
    'HASH',
  ])('leaves out a field named %s at any depth', (name) => {
    expect(shown({ kept: 1, [name]: 'x' })).toEqual({ kept: 1 });
    expect(shown({ list: [{ deep: { [name]: { a: 'x' } } }] })).toEqual({ list: [{ deep: {} }] });
  });

  it('replaces characters that PostgreSQL cannot store, in names and in values', () => {
    expect(shown({ 'a\0': 'b\0\ud800', ok: '\u{1f600}\r\n' })).toEqual({
      'a\ufffd': 'b\ufffd\ufffd',
      ok: '\u{1f600}\r\n',
    });
  });

  it('stores details of up to 8192 characters as they are', () => {
    expect(shown({ long: 'x'.repeat(8_000) })).toEqual({ long: 'x'.repeat(8_000) });
  });

  it('cuts a long list, names it and keeps all other fields', () => {
    const allowedDomains = Array.from(
      { length: 50 },
      (_, index) => `${'d'.repeat(240)}${index}.br`,
    );
    const details = { role: 'user', allowedDomains, quota: 5, changes: { from: 1, to: 2 } };
    const { allowedDomains: kept, ...others } = shown(details) as typeof details;
    expect(others).toEqual({
      role: 'user',
      quota: 5,
      changes: { from: 1, to: 2 },
      truncated: ['allowedDomains'],
    });
    expect(kept.length).toBeGreaterThan(20);
    expect(kept).toEqual(allowedDomains.slice(0, kept.length));
  });

  it.each<[kind: string, long: unknown]>([
    ['text', 'x'.repeat(100_000)],
    ['text of escaped characters', '\u0001"'.repeat(50_000)],
    ['text of surrogate pairs', '\u{1f600}'.repeat(50_000)],
    ['list', Array.from({ length: 10_000 }, (_, index) => ({ index }))],
    ['object of many fields', Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [i, i]))],
    ['object of one long field', { deep: { deeper: 'x'.repeat(100_000) } }],
    ['number in a list of long items', ['x'.repeat(100_000), 1]],
  ])('cuts a long %s to what an entry may hold', (_kind, long) => {
    const text = sanitizeDetails({ reason: 'kept', long, also: [1, 2] });
    expect(text.length).toBeLessThan(8_300);
    expect(text).not.toMatch(/\\ud83d(?!\\)/);
    expect(JSON.parse(text)).toMatchObject({ reason: 'kept', also: [1, 2], truncated: ['long'] });
  });

  it('cuts each of several long fields', () => {
    const cut = shown({ a: 'a'.repeat(9_000), b: 'b'.repeat(100_000), c: 'c' });
    expect(cut).toMatchObject({
      a: expect.stringMatching(/^a{4000}/) as unknown,
      b: expect.stringMatching(/^b{4000}/) as unknown,
      c: 'c',
      truncated: ['a', 'b'],
    });
  });
});
