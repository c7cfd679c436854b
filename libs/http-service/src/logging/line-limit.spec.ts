import { expect, it } from 'vitest';
import { LineLimit } from './line-limit.js';

it('lets one line a minute of each kind pass, with the number of occurrences since the last one', () => {
  let nowMs = 0;
  const lines = new LineLimit(() => nowMs);
  const counts = Array.from({ length: 1_000 }, () => lines.count('busy'));
  expect(counts).toEqual([1, ...Array<undefined>(999).fill(undefined)]);
  expect(lines.count('other')).toBe(1);
  nowMs = 59_999;
  expect(lines.count('busy')).toBeUndefined();
  nowMs = 60_000;
  expect([lines.count('busy'), lines.count('busy')]).toEqual([1_001, undefined]);
});
