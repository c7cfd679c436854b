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

  it('replaces details that are too long by their length', () => {
    expect(shown({ long: 'x'.repeat(8_192) })).toEqual({ omittedCharacters: 8_203 });
    expect(shown({ long: 'x'.repeat(8_000) })).toEqual({ long: 'x'.repeat(8_000) });
  });
});
