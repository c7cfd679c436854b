import { afterEach, describe, expect, it, vi } from 'vitest';
import { MemoryLevel } from './memory-level.js';

const SMALL = { textLength: 1, ttlMs: 1_000 };

afterEach(() => vi.useRealTimers());

describe('MemoryLevel', () => {
  it('evicts the least recently used entry when there are too many', () => {
    const memory = new MemoryLevel<string>({ maxEntries: 2, maxBytes: 1e6 });
    memory.set('a', 'A', SMALL);
    memory.set('b', 'B', SMALL);
    expect(memory.get('a')).toBe('A');
    memory.set('c', 'C', SMALL);
    expect(['a', 'b', 'c'].map((key) => memory.get(key))).toEqual(['A', undefined, 'C']);
  });

  it('evicts as many entries as a large one needs, and counts replaced and deleted ones no longer', () => {
    const memory = new MemoryLevel<string>({ maxEntries: 100, maxBytes: 3_000 });
    for (const key of ['a', 'b', 'c']) memory.set(key, key, { textLength: 300, ttlMs: 1_000 });
    memory.set('d', 'd', { textLength: 900, ttlMs: 1_000 });
    expect(['a', 'b', 'c', 'd'].map((key) => memory.get(key))).toEqual([
      undefined,
      undefined,
      'c',
      'd',
    ]);
    memory.set('d', 'd', SMALL);
    memory.delete('c');
    memory.delete('c');
    memory.set('e', 'e', { textLength: 900, ttlMs: 1_000 });
    expect(['d', 'e'].map((key) => memory.get(key))).toEqual(['d', 'e']);
  });

  it('does not keep an entry that is larger than the bound, nor what it would replace', () => {
    const memory = new MemoryLevel<string>({ maxEntries: 9, maxBytes: 1_000 });
    memory.set('a', 'old', SMALL);
    memory.set('a', 'new', { textLength: 1_000, ttlMs: 1_000 });
    expect(memory.get('a')).toBeUndefined();
  });

  it('returns no entry after its time', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const memory = new MemoryLevel<string>({ maxEntries: 9, maxBytes: 1e6 });
    memory.set('a', 'A', SMALL);
    vi.advanceTimersByTime(999);
    expect(memory.get('a')).toBe('A');
    vi.advanceTimersByTime(1);
    expect(memory.get('a')).toBeUndefined();
  });
});
