import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodePageCursor, decodePagePosition, encodePageCursor, toPage } from './page-cursor.js';

const tenant = randomUUID();
const rows = Array.from({ length: 3 }, () => ({ id: randomUUID() }));

describe('A page cursor', () => {
  it('contains the last id of a page that has a successor', () => {
    const { items, nextCursor } = toPage(tenant, rows, 2);
    expect(items).toEqual(rows.slice(0, 2));
    expect(decodePageCursor(tenant, nextCursor ?? '')).toBe(rows[1]?.id);
  });

  it('is valid only with the same filter', () => {
    const filter = { role: 'user', q: 'ana' };
    const cursor = toPage(tenant, rows, 2, filter).nextCursor ?? '';
    const same = { status: undefined, q: 'ana', role: 'user' };
    expect(decodePageCursor(tenant, cursor, same)).toBe(rows[1]?.id);
    const others = [{}, { role: 'user' }, { role: 'ana', q: 'user' }, { ...filter, status: 'x' }];
    for (const other of others)
      expect(() => decodePageCursor(tenant, cursor, other)).toThrow(
        expect.objectContaining({ code: 'VALIDATION_ERROR' }),
      );
  });

  it('contains any position, which decodes unchanged', () => {
    const position = 'ação "1" 😀';
    const page = toPage(tenant, rows, 2, {}, () => position);
    expect(decodePagePosition(tenant, page.nextCursor ?? '')).toBe(position);
    const broken = Buffer.concat([
      Buffer.from(encodePageCursor(tenant, ''), 'base64url'),
      Buffer.from([0xc3]),
    ]).toString('base64url');
    expect(() => decodePagePosition(tenant, broken)).toThrow(
      expect.objectContaining({ code: 'VALIDATION_ERROR' }),
    );
  });

  it('is null on the last page, full or empty', () => {
    expect(toPage(tenant, rows, 3)).toEqual({ items: rows, nextCursor: null });
    expect(toPage(tenant, [], 3)).toEqual({ items: [], nextCursor: null });
  });

  it.each([
    '',
    'x',
    'not base64 at all',
    `${encodePageCursor(tenant, randomUUID())}=`,
    encodePageCursor(tenant, randomUUID()).slice(1),
    encodePageCursor(randomUUID(), randomUUID()),
    encodePageCursor(tenant, `${randomUUID()}'; --`),
    'A'.repeat(9_000),
  ])('is refused when malformed or of another tenant: %.20s', (cursor) => {
    expect(() => decodePageCursor(tenant, cursor)).toThrow(
      expect.objectContaining({
        code: 'VALIDATION_ERROR',
        details: [expect.objectContaining({ field: 'cursor' })],
      }),
    );
  });
});
