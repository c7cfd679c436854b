import { describe, expect, it } from 'vitest';
import { delayUntilPoll, dueAfter, leaseOf } from './scheduled-job.js';

const DAY = 86_400_000;

describe('a scheduled job', () => {
  it('is polled soon after the start, however long its interval, and then once per interval', () => {
    expect(delayUntilPoll({ everyMs: DAY }, true, 0.5)).toBe(10_000);
    expect(delayUntilPoll({ everyMs: 2_000 }, true, 0.5)).toBe(2_000);
    expect(delayUntilPoll({ everyMs: DAY }, false, 0.5)).toBe(DAY);
  });

  it('rests for seconds after its instance died if it runs every second, and for a minute at most', () => {
    expect(leaseOf({ everyMs: 1_000 })).toBe(5_000);
    expect(leaseOf({ everyMs: 20 })).toBe(5_000);
    expect(leaseOf({ everyMs: DAY })).toBe(60_000);
  });

  it.each([0, 0.25, 0.999])('is due at the next poll with a jitter of %d', (random) => {
    const job = { everyMs: 60_000 };
    expect(delayUntilPoll(job, false, random)).toBeGreaterThan(dueAfter(job));
  });
});
