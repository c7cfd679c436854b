import { beforeEach, describe, expect, it } from 'vitest';
import { CircuitBreaker, type CircuitOptions } from './circuit-breaker.js';
import { NoAnswerError } from './in-time.js';

const lines: string[] = [];
let nowMs: number;

const circuitWith = (options: Partial<CircuitOptions> = {}): CircuitBreaker =>
  new CircuitBreaker({
    deadlineMs: 5,
    now: () => nowMs,
    onOpen: (error) => void lines.push(`open: ${(error as Error).message}`),
    onClose: () => void lines.push('closed'),
    ...options,
  });

const succeed = (): Promise<string> => Promise.resolve('PONG');
const fail = (): Promise<never> => Promise.reject(new Error('OOM'));
const hang = (): Promise<never> => new Promise(() => undefined);

beforeEach(() => {
  nowMs = 0;
  lines.length = 0;
});

describe('CircuitBreaker', () => {
  it('waits for no longer than its deadline, then allows one command a second', async () => {
    const circuit = circuitWith();
    expect(circuit.allowsRequest()).toBe(true);
    await expect(circuit.run(hang)).rejects.toThrow(NoAnswerError);
    expect(circuit.isOpen).toBe(true);
    nowMs = 999;
    expect(circuit.allowsRequest()).toBe(false);
    nowMs = 1_000;
    expect([circuit.allowsRequest(), circuit.allowsRequest()]).toEqual([true, false]);
    nowMs = 1_999;
    expect(circuit.allowsRequest()).toBe(false);
    nowMs = 2_000;
    expect(circuit.allowsRequest()).toBe(true);
  });

  it('closes with the first command that is sent after the failure and succeeds', async () => {
    const circuit = circuitWith();
    await expect(circuit.run(fail)).rejects.toThrow('OOM');
    expect(circuit.allowsRequest()).toBe(false);
    expect(await circuit.run(succeed)).toBe('PONG');
    expect([circuit.isOpen, circuit.allowsRequest(), circuit.allowsRequest()]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('stays open when a command is answered that was sent before the failure', async () => {
    const opensOn = (error: unknown) => (error as Error).message === 'OOM';
    const circuit = circuitWith({ deadlineMs: 10_000, opensOn });
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const refuse = () => Promise.reject(new Error('READONLY'));
    const earlier = [succeed, refuse].map((reply) => circuit.run(() => answered.then(reply)));
    await expect(circuit.run(fail)).rejects.toThrow('OOM');
    answer();
    await Promise.allSettled(earlier);
    expect([circuit.isOpen, lines]).toEqual([true, ['open: OOM']]);
    await circuit.run(succeed);
    expect([circuit.isOpen, lines]).toEqual([false, ['open: OOM', 'closed']]);
  });

  it('tells when it opens and when it closes, once each', async () => {
    const circuit = circuitWith();
    for (let time = 0; time < 3; time += 1) await circuit.run(fail).catch(() => undefined);
    circuit.open(new Error('lost'));
    for (let time = 0; time < 3; time += 1) await circuit.run(succeed);
    expect(lines).toEqual(['open: OOM', 'closed']);
  });

  it('takes an error that does not open it for an answer', async () => {
    const circuit = circuitWith({ opensOn: (error) => error instanceof NoAnswerError });
    await expect(circuit.run(fail)).rejects.toThrow('OOM');
    expect(circuit.isOpen).toBe(false);
    await expect(circuit.run(hang)).rejects.toThrow(NoAnswerError);
    expect(circuit.isOpen).toBe(true);
    await expect(circuit.run(fail)).rejects.toThrow('OOM');
    expect(circuit.isOpen).toBe(false);
  });

  it('has no more commands in flight than it may', () => {
    const circuit = circuitWith({ maxInFlight: 256 });
    for (let command = 0; command < 256; command += 1) {
      expect(circuit.allowsRequest()).toBe(true);
      circuit.run(hang).catch(() => undefined);
    }
    expect(circuit.allowsRequest()).toBe(false);
  });
});
