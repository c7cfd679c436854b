import { describe, expect, it } from 'vitest';
import type { Clock } from './clock.js';
import { RevokedSessionMemory } from './revoked-session.memory.js';

const MINUTE = 60_000;

function memoryAt(start: number) {
  const time = { now: start };
  const clock: Clock = { now: () => new Date(time.now) };
  return { time, memory: new RevokedSessionMemory(clock) };
}

describe('the memory of revoked sessions', () => {
  it('knows what was added and nothing else', () => {
    const { memory } = memoryAt(0);
    memory.add('one');
    expect(memory.has('one')).toBe(true);
    expect(memory.has('two')).toBe(false);
  });

  it('remembers for as long as an access token can live', () => {
    const { memory, time } = memoryAt(0);
    memory.add('one');
    time.now = 15 * MINUTE - 1;
    expect(memory.has('one')).toBe(true);
    time.now = 15 * MINUTE;
    expect(memory.has('one')).toBe(false);
  });

  it('drops the oldest when too many end at once, and keeps the newest', () => {
    const { memory } = memoryAt(0);
    for (let index = 0; index <= 50_000; index += 1) memory.add(String(index));
    expect(memory.has('0')).toBe(false);
    expect(memory.has('1')).toBe(true);
    expect(memory.has('50000')).toBe(true);
  });
});
