import { describe, expect, it } from 'vitest';
import { attempts, BruteForceLog } from './attempts.fixture.js';
import { lifetime, slotLength, SlotWindow } from './slot-window.js';

describe('a window of slots', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'never lets more than the limit pass in any window, and no hit counts longer than a slot more (seed %i)',
    (seed) => {
      const { limit, windowSeconds, times } = attempts(seed);
      const slotMs = slotLength(windowSeconds);
      const window = new SlotWindow(slotMs);
      const log = new BruteForceLog();
      for (const now of times) {
        const passes = window.total(now) < limit;
        // Refused too early would hurt honest clients: a hit must not count longer than its window and one slot.
        if (!passes) expect(log.countSince(now - lifetime(slotMs))).toBeGreaterThanOrEqual(limit);
        if (!passes) continue;
        window.add(now);
        log.add(now);
        expect(log.countSince(now - windowSeconds * 1_000)).toBeLessThanOrEqual(limit);
      }
    },
  );

  it.each([11, 12, 13, 14])(
    'has room exactly when it says, and not a millisecond earlier (seed %i)',
    (seed) => {
      const { limit, windowSeconds, times } = attempts(seed);
      const window = new SlotWindow(slotLength(windowSeconds));
      for (const now of times) {
        if (window.total(now) < limit) {
          window.add(now);
          continue;
        }
        const reset = window.resetMs(now, limit);
        const later = copyOf(window);
        expect(copyOf(window).total(now + reset - 1)).toBeGreaterThanOrEqual(limit);
        expect(later.total(now + reset)).toBeLessThan(limit);
      }
    },
  );

  it('keeps counting hits of the future from now on, so that a clock that goes back neither lifts nor locks', () => {
    const window = new SlotWindow(slotLength(60));
    const future = 10_000_000;
    for (let hit = 0; hit < 5; hit += 1) window.add(future);
    const now = future - 3_600_000;
    expect(window.total(now)).toBe(5);
    expect(window.resetMs(now, 5)).toBeLessThanOrEqual(62_000);
    expect(window.total(now + 62_000)).toBe(0);
  });
});

function copyOf(window: SlotWindow): SlotWindow {
  const copy = new SlotWindow(1);
  Object.assign(copy, structuredClone({ ...window }));
  return copy;
}
