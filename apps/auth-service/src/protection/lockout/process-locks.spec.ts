import { beforeEach, describe, expect, it } from 'vitest';
import { FAILURE_WINDOW_MS, LOCK_MS } from './lockout.rules.js';
import { ProcessLocks } from './process-locks.js';

let time = 0;
let locks: ProcessLocks;

beforeEach(() => {
  time = 1_000;
  locks = new ProcessLocks(() => time);
});

const failTimes = (count: number, key = 'a') =>
  Array.from({ length: count }, () => locks.fail(key).lockedNow).filter(Boolean).length;

const remaining = (key = 'a') => locks.state(key).remainingMs;

const inRedis = (state: 'locked' | 'unlocked' | 'none', remainingMs = LOCK_MS, id = 'lock-1') => ({
  state,
  id,
  remainingMs,
  lockedNow: false,
});

describe('ProcessLocks', () => {
  it('locks a subject at the sixth failure, for 15 minutes, and no other subject', () => {
    expect(failTimes(5)).toBe(0);
    expect(remaining()).toBe(0);
    expect(locks.fail('a')).toEqual({ remainingMs: LOCK_MS, lockedNow: true });
    expect(failTimes(100)).toBe(0);
    expect(remaining('b')).toBe(0);
    time += LOCK_MS - 1;
    expect(remaining()).toBe(1);
    time += 1;
    expect(remaining()).toBe(0);
    expect(failTimes(5)).toBe(0);
    expect(failTimes(1)).toBe(1);
  });

  it('does not lock a subject that fails six times in more than five minutes', () => {
    failTimes(3);
    time += FAILURE_WINDOW_MS + 1;
    expect(failTimes(5)).toBe(0);
  });

  it('counts from zero after a success, which does not lift a lock', () => {
    failTimes(5);
    locks.succeed('a');
    expect(failTimes(5)).toBe(0);
    failTimes(1);
    expect(locks.succeed('a').remainingMs).toBe(LOCK_MS);
  });

  it('unlocks a subject, whose lock it names until then', () => {
    expect(locks.lockOf('a')).toBeUndefined();
    failTimes(6);
    expect(locks.lockOf('a')).toEqual(expect.any(String));
    locks.unlock('a');
    expect(locks.lockOf('a')).toBeUndefined();
    expect(remaining()).toBe(0);
  });

  it('keeps a lock of Redis that Redis has lost, or whose end its clock has passed by a jump', () => {
    locks.reconcile('a', inRedis('locked'));
    time += 60_000;
    expect(locks.reconcile('a', inRedis('none', -2, ''))?.remainingMs).toBe(LOCK_MS - 60_000);
  });

  it('ends a lock of Redis after 15 minutes although the clock of Redis went back', () => {
    expect(locks.reconcile('a', inRedis('locked', 100 * LOCK_MS))?.remainingMs).toBe(LOCK_MS);
    time += LOCK_MS;
    expect(locks.reconcile('a', inRedis('locked', 100 * LOCK_MS))).toBeUndefined();
    expect(locks.reconcile('a', inRedis('locked', LOCK_MS, 'lock-2'))?.remainingMs).toBe(LOCK_MS);
  });

  it('lifts a lock that another process has removed, and no other lock', () => {
    locks.reconcile('a', inRedis('locked'));
    expect(locks.reconcile('a', inRedis('unlocked', 1, 'older'))?.remainingMs).toBe(LOCK_MS);
    expect(locks.reconcile('a', inRedis('unlocked', 1))?.remainingMs).toBe(0);
  });

  it('lifts a lock of its own that it placed before the account was unlocked, and none that it placed later', () => {
    failTimes(6);
    time += 10_000;
    const removal = (ago: number) => inRedis('unlocked', LOCK_MS - ago, 'of another process');
    expect(locks.reconcile('a', removal(10_001))?.remainingMs).toBe(LOCK_MS - 10_000);
    expect(locks.reconcile('a', inRedis('unlocked', LOCK_MS + 1))?.remainingMs).toBe(
      LOCK_MS - 10_000,
    );
    expect(locks.reconcile('a', removal(9_999))?.remainingMs).toBe(0);
  });

  it('keeps the failures that it has counted when the account was unlocked before', () => {
    failTimes(5);
    locks.reconcile('a', inRedis('unlocked'));
    expect(failTimes(1)).toBe(1);
  });

  it('is limited to 10,000 subjects, of which the ones that failed first are evicted', () => {
    failTimes(6, 'first');
    failTimes(6, 'second');
    for (let index = 0; index < 9_999; index += 1) failTimes(1, `other-${index}`);
    expect([remaining('first'), remaining('second')]).toEqual([0, LOCK_MS]);
  });
});
