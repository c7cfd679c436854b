import { afterEach, describe, expect, it, vi } from 'vitest';
import { uuidv7 } from './uuidv7.js';

const VERSION_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Far ahead of every other test, because the generator never goes back. */
const FUTURE = Date.UTC(2100, 0, 1);

describe('uuidv7', () => {
  afterEach(() => vi.useRealTimers());

  it('has the version and variant of RFC 9562', () => {
    for (let count = 0; count < 1_000; count += 1) expect(uuidv7()).toMatch(VERSION_7);
  });

  it('starts with the Unix time in milliseconds', () => {
    const before = Date.now();
    const time = Number.parseInt(uuidv7().replaceAll('-', '').slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  it('strictly increases, also for more ids in one millisecond than the counter holds', () => {
    vi.useFakeTimers({ now: FUTURE });
    const ids = Array.from({ length: 20_000 }, uuidv7);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });

  it('keeps increasing when the clock steps back', () => {
    vi.useFakeTimers({ now: FUTURE + 60_000 });
    const before = uuidv7();
    vi.setSystemTime(FUTURE);
    expect(uuidv7() > before).toBe(true);
  });

  it('does not repeat its random part', () => {
    const tails = new Set(Array.from({ length: 5_000 }, () => uuidv7().slice(19)));
    expect(tails.size).toBe(5_000);
  });
});
