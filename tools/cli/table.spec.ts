import { describe, expect, it } from 'vitest';
import { formatFields, formatTable } from './table.js';

describe('formatTable', () => {
  const columns = [
    { heading: 'name', value: (row: { name: string | null; count: number }) => row.name },
    { heading: 'count', value: (row: { name: string | null; count: number }) => row.count },
  ];

  it('aligns columns under their headings, and numbers to the right', () => {
    const rows = [
      { name: 'acme', count: 7 },
      { name: null, count: 1200 },
    ];
    expect(formatTable(rows, columns)).toBe('name  count\n----  -----\nacme      7\n-      1200\n');
  });

  it('prints "none" for no rows', () => {
    expect(formatTable([], columns)).toBe('none\n');
  });

  it('replaces control characters, which could write over the terminal', () => {
    const hostile = '\u001b[2Jgone\u0007\nnext';
    const harmless = '\ufffd[2Jgone\ufffd\ufffdnext';
    expect(formatTable([{ name: hostile, count: 1 }], columns)).toContain(harmless);
    expect(formatFields({ name: hostile })).toContain(harmless);
  });
});
