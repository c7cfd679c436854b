import { describe, expect, it } from 'vitest';
import { requestWith } from '../../test/requests.js';
import { bearerToken } from './bearer-token.js';

describe('bearerToken', () => {
  it.each(['Bearer', 'bearer', 'BEARER'])('returns the token after the scheme %s', (scheme) => {
    expect(bearerToken(requestWith(['authorization', `${scheme} abc`]))).toBe('abc');
  });

  it('accepts any number of spaces after the scheme (RFC 9110, 11.4)', () => {
    expect(bearerToken(requestWith(['authorization', 'Bearer   abc']))).toBe('abc');
  });

  it('throws TOKEN_REQUIRED without an Authorization header', () => {
    expect(() => bearerToken(requestWith())).toThrow(
      expect.objectContaining({ code: 'TOKEN_REQUIRED' }),
    );
  });

  it.each([
    '',
    'Bearer',
    'Basic dXNlcjpwYXNz',
    'Bearerabc',
    'Token abc',
    'abc',
    'Bearer\tabc',
    'Digest Bearer abc',
  ])('refuses the header "%s"', (header) => {
    expect(() => bearerToken(requestWith(['Authorization', header]))).toThrow(
      expect.objectContaining({ code: 'INVALID_TOKEN' }),
    );
  });

  it.each([
    ['different', 'Bearer abc', 'Bearer xyz'],
    ['equal', 'Bearer abc', 'Bearer abc'],
  ])('refuses two Authorization headers with %s tokens', (_case, first, second) => {
    const request = requestWith(
      ['Authorization', first],
      ['Host', 'acme.localhost'],
      ['AUTHORIZATION', second],
    );
    expect(() => bearerToken(request)).toThrow(expect.objectContaining({ code: 'INVALID_TOKEN' }));
  });

  it('refuses an Authorization header that is a list', () => {
    const request = requestWith(['Authorization', 'Bearer abc']);
    Object.assign(request.headers, { authorization: ['Bearer abc', 'Bearer xyz'] });
    expect(() => bearerToken(request)).toThrow(expect.objectContaining({ code: 'INVALID_TOKEN' }));
  });

  it('ignores another header with the value Authorization', () => {
    expect(
      bearerToken(requestWith(['Vary', 'Authorization'], ['Authorization', 'Bearer abc'])),
    ).toBe('abc');
  });

  it('supports the requests of Express, and refuses a repeated header there', () => {
    const headers = { authorization: 'Bearer abc' };
    expect(bearerToken({ headers, rawHeaders: ['Authorization', 'Bearer abc'] })).toBe('abc');
    const twice = ['Authorization', 'Bearer abc', 'authorization', 'Bearer def'];
    expect(() => bearerToken({ headers, rawHeaders: twice })).toThrow(
      expect.objectContaining({ code: 'INVALID_TOKEN' }) as Error,
    );
    expect(() => bearerToken({ headers })).toThrow(/raw headers/);
  });
});
