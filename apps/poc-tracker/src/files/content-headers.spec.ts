import { describe, expect, it } from 'vitest';
import { attachment, readMediaType } from './content-headers.js';

describe('readMediaType', () => {
  it.each([
    [undefined, 'application/octet-stream'],
    ['', 'application/octet-stream'],
    ['Image/PNG', 'image/png'],
    ['text/plain; charset=utf-8', 'text/plain'],
    ['application/vnd.ms-excel', 'application/vnd.ms-excel'],
  ])('parses %s', (header, type) => {
    expect(readMediaType(header)).toBe(type);
  });

  it.each(['nonsense', 'text/', '/plain', 'text/html<script>', 'a b/c', `x/${'y'.repeat(500)}`])(
    'rejects %s',
    (header) => {
      expect(readMediaType(header)).toBeUndefined();
    },
  );
});

describe('attachment', () => {
  it('escapes quotes, separators and backslashes in the name', () => {
    const header = attachment('a"; filename=evil.html\\%41 (1).pdf');
    expect(header).toBe(
      `attachment; filename="a_; filename=evil.html__41 (1).pdf"; ` +
        `filename*=UTF-8''a%22%3B%20filename%3Devil.html%5C%2541%20%281%29.pdf`,
    );
  });

  it('encodes a name of any script in ASCII', () => {
    const header = attachment('relatório 😀.pdf');
    expect(header).toContain("filename*=UTF-8''relat%C3%B3rio%20%F0%9F%98%80.pdf");
    expect(header).toMatch(/^[\x20-\x7e]*$/);
  });
});
