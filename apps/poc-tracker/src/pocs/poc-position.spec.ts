import { describe, expect, it } from 'vitest';
import { formatPosition, parsePosition } from './poc-position.js';

const ID = '0192f0c1-7d3a-7c51-9f0e-000000000001';

describe('a position in a list of POCs', () => {
  it.each(['', 'plain', 'ação "quoted" 😀', 'two\nlines'])(
    'is formatted and parsed with the title %j',
    (title) => {
      expect(parsePosition(formatPosition({ id: ID, title }))).toEqual({ id: ID, title });
    },
  );

  it.each(['', 'x', ID.slice(1), `${ID.slice(1)};`, `${ID}a\0`])(
    'is not parsed from %j',
    (text) => {
      expect(() => parsePosition(text)).toThrow(
        expect.objectContaining({ code: 'VALIDATION_ERROR' }) as Error,
      );
    },
  );
});
