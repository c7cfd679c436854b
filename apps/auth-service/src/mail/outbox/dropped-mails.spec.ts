import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DroppedMails } from './dropped-mails.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('Dropped mails are reported with their number, at most once a minute, and the rest at the end', () => {
  const reports: number[] = [];
  const dropped = new DroppedMails((count) => reports.push(count));
  for (let count = 0; count < 500; count += 1) dropped.add();
  vi.advanceTimersByTime(59_999);
  expect(reports).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(reports).toEqual([500]);
  vi.advanceTimersByTime(600_000);
  expect(reports).toEqual([500]);
  dropped.add();
  dropped.flush();
  dropped.flush();
  expect(reports).toEqual([500, 1]);
});
