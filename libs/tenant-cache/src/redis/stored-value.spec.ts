import { describe, expect, it } from 'vitest';
import { formatStoredValue, parseStoredValue } from './stored-value.js';

const HEAD = { source: 's', ticket: { issuer: 'i', number: 7 }, generation: 'g' };

describe('parseStoredValue', () => {
  it('reads what was written', () => {
    for (const value of [null, 'text', { a: [1, 'é"\\'] }])
      expect(parseStoredValue(formatStoredValue(HEAD, JSON.stringify(value)))).toEqual({
        ...HEAD,
        value,
      });
  });

  it.each([
    undefined,
    null,
    '',
    '{',
    'null',
    '{}',
    '[]',
    '[2,"s","i",7,"g",1]',
    '[1,"s","i",7,"g"]',
    '[1,"s","i",7,"g",1,2]',
    '[1,5,"i",7,"g",1]',
    '[1,"s",null,7,"g",1]',
    '[1,"s","i","7","g",1]',
    '[1,"s","i",1e99,"g",1]',
    '[1,"s","i",7,5,1]',
  ])('refuses %j', (text) => {
    expect(parseStoredValue(text)).toBeUndefined();
  });
});
