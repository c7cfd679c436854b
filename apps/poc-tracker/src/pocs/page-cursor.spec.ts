import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor, toPage } from './page-cursor.js';

const TENANT = '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f';
const OTHER = '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e60';
const ID = '0192f0c1-7d3a-7c51-9f0e-000000000001';

const raw = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a cursor', () => {
  it.each(['', 'plain', 'ação "quoted" 😀'])('comes back with the text %j', (text) => {
    expect(decodeCursor(TENANT, encodeCursor(TENANT, { text, id: ID }))).toEqual({ text, id: ID });
  });

  it.each([
    ['another tenant', encodeCursor(OTHER, { id: ID })],
    ['nothing', ''],
    ['no JSON', 'x'],
    ['no list', raw({ tenant: TENANT })],
    ['too little', raw([TENANT, ''])],
    ['too much', raw([TENANT, '', ID, 1])],
    ['an id that is none', raw([TENANT, '', `${ID}'; --`])],
    ['a text that is none', raw([TENANT, 1, ID])],
    ['NUL', raw([TENANT, 'a\0', ID])],
    ['half a character', raw([TENANT, '\ud800', ID])],
  ])('of %s is refused', (_name, cursor) => {
    expect(() => decodeCursor(TENANT, cursor)).toThrow(
      expect.objectContaining({ code: 'VALIDATION_ERROR' }) as Error,
    );
  });
});

describe('a page', () => {
  const page = (rows: string[]) =>
    toPage(
      rows,
      2,
      (row) => `after ${row}`,
      (row) => row,
    );

  it('has a next one only when there is more', () => {
    expect(page([])).toEqual({ items: [], nextCursor: null });
    expect(page(['a', 'b'])).toEqual({ items: ['a', 'b'], nextCursor: null });
    expect(page(['a', 'b', 'c'])).toEqual({ items: ['a', 'b'], nextCursor: 'after b' });
  });
});
