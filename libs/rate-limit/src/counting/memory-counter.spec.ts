import { describe, expect, it } from 'vitest';
import type { Hit } from './hit-counter.js';
import { MemoryCounter } from './memory-counter.js';

const hit = (key: string, limit: number, more: Partial<Hit> = {}): Hit => ({
  key,
  limit,
  windowSeconds: 60,
  shadow: false,
  ...more,
});

describe('the counter in memory', () => {
  it('counts an attempt under all rules or, if one refuses it, under none', () => {
    const counter = new MemoryCounter(() => 0);
    for (let attempt = 0; attempt < 3; attempt += 1) counter.take([hit('account', 3)]);
    const [account, address] = counter.take([hit('account', 3), hit('address', 10)]);
    expect(account).toMatchObject({ exceeded: true, remaining: 0 });
    expect(address).toMatchObject({ exceeded: false, remaining: 10 });
  });

  it('does not count refused attempts, so that they do not prolong the wait', () => {
    let now = 0;
    const counter = new MemoryCounter(() => now);
    for (let attempt = 0; attempt < 100; attempt += 1) counter.take([hit('a', 5)]);
    const [refused] = counter.take([hit('a', 5)]);
    now = refused?.resetMs ?? 0;
    expect(counter.take([hit('a', 5)])).toMatchObject([{ exceeded: false, remaining: 4 }]);
  });

  it('reports a rule in shadow mode, and neither refuses nor counts above its limit', () => {
    const counter = new MemoryCounter(() => 0);
    const both = [hit('shadowed', 2, { shadow: true }), hit('enforced', 10)];
    counter.take(both);
    counter.take(both);
    const [shadowed, enforced] = counter.take(both);
    expect(shadowed).toMatchObject({ exceeded: true, remaining: 0 });
    expect(enforced).toMatchObject({ exceeded: false, remaining: 7 });
  });

  it('holds a bounded number of sources, and evicts those that were not seen for the longest time', () => {
    const counter = new MemoryCounter(() => 0, 3);
    for (const key of ['a', 'b', 'c', 'a', 'd']) counter.take([hit(key, 5)]);
    expect(counter.size).toBe(3);
    expect(counter.take([hit('a', 5)])).toMatchObject([{ remaining: 2 }]);
    expect(counter.take([hit('b', 5)])).toMatchObject([{ remaining: 4 }]);
  });
});
