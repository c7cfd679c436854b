import { describe, expect, it } from 'vitest';
import { assertClockAgrees } from './database-time.js';

/** A database whose clock differs from that of this process. */
const databaseAhead = (milliseconds: number) => ({
  lookup: <Row>() => Promise.resolve([{ now: new Date(Date.now() + milliseconds) }] as Row[]),
});

describe('the clocks of a process and of PostgreSQL', () => {
  it.each([0, 4_000, -4_000])('agree with a difference of %d ms', async (difference) => {
    await expect(assertClockAgrees(databaseAhead(difference))).resolves.toBeUndefined();
  });

  it.each([
    [6_000, '6 s behind'],
    [-30_000, '30 s ahead of'],
    [3_600_000, '3600 s behind'],
  ])('disagree with a difference of %d ms, which is reported', async (difference, reported) => {
    await expect(assertClockAgrees(databaseAhead(difference))).rejects.toThrow(reported);
  });
});
