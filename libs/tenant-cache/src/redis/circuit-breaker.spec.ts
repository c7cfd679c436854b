import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CircuitBreaker } from './circuit-breaker.js';

const lines: string[] = [];
let circuit: CircuitBreaker;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  lines.length = 0;
  const note = (line: string) => void lines.push(line);
  circuit = new CircuitBreaker({ warn: note, log: note });
});

afterEach(() => vi.useRealTimers());

describe('CircuitBreaker', () => {
  it('waits 50 ms at most, then asks no more for a second', async () => {
    const result = circuit.run(() => new Promise<never>(() => undefined));
    await vi.advanceTimersByTimeAsync(49);
    expect(circuit.closed).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(await result).toBeUndefined();
    expect(circuit.closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(circuit.closed).toBe(true);
  });

  it('logs when failures begin and when they end', async () => {
    const failing = () => Promise.reject(new Error('OOM'));
    for (let time = 0; time < 3; time += 1) expect(await circuit.run(failing)).toBeUndefined();
    for (let time = 0; time < 3; time += 1)
      expect(await circuit.run(() => Promise.resolve(time))).toBe(time);
    expect(lines).toEqual([
      'Redis does not serve the cache: OOM. Values come from their source.',
      'Redis serves the cache again.',
    ]);
  });

  it('has no more than 256 commands in flight', () => {
    for (let command = 0; command < 256; command += 1) {
      expect(circuit.closed).toBe(true);
      void circuit.run(() => new Promise<never>(() => undefined));
    }
    expect(circuit.closed).toBe(false);
  });
});
