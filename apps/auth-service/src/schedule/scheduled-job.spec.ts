import { describe, expect, it } from 'vitest';
import { delayUntilAsking, dueAfter } from './scheduled-job.js';

const DAY = 86_400_000;

describe('a job', () => {
  it('is asked for soon after the start, however long its interval, and then once an interval', () => {
    expect(delayUntilAsking({ everyMs: DAY }, true, 0.5)).toBe(10_000);
    expect(delayUntilAsking({ everyMs: 2_000 }, true, 0.5)).toBe(2_000);
    expect(delayUntilAsking({ everyMs: DAY }, false, 0.5)).toBe(DAY);
  });

  it.each([0, 0.25, 0.999])('is due whenever an instance asks again, at jitter %d', (random) => {
    const job = { everyMs: 60_000 };
    expect(delayUntilAsking(job, false, random)).toBeGreaterThan(dueAfter(job));
  });
});
