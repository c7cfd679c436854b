import { describe, expect, it } from 'vitest';
import { presentableDetails } from './event-details.js';

const shown = (details: Record<string, unknown>) =>
  JSON.parse(presentableDetails(details)) as unknown;

describe('presentableDetails', () => {
  it.each([
    'password',
    'newPassword',
    'secret',
    'clientSecret',
    'refreshToken',
    'token',
    'nonce',
    'HASH',
  ])('leaves %s out, at whatever depth', (name) => {
    expect(shown({ kept: 1, [name]: 'x' })).toEqual({ kept: 1 });
    expect(shown({ list: [{ deep: { [name]: { a: 'x' } } }] })).toEqual({ list: [{ deep: {} }] });
  });

  it('replaces what PostgreSQL stores in no text, in names as in values', () => {
    expect(shown({ 'a\0': 'b\0\ud800', ok: '\u{1f600}\r\n' })).toEqual({
      'a\ufffd': 'b\ufffd\ufffd',
      ok: '\u{1f600}\r\n',
    });
  });

  it('tells the length of what is too long instead of it', () => {
    expect(shown({ long: 'x'.repeat(8_192) })).toEqual({ omittedCharacters: 8_203 });
    expect(shown({ long: 'x'.repeat(8_000) })).toEqual({ long: 'x'.repeat(8_000) });
  });
});
