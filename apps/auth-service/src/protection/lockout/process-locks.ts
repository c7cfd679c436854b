import { randomUUID } from 'node:crypto';
import {
  FAILURE_WINDOW_MS,
  LOCK_MS,
  type LockState,
  MAX_FAILURES,
  UNLOCKED,
} from './lockout.rules.js';
import type { SharedLock } from './shared-locks.js';

/** Limits the memory: an attack on many accounts evicts the ones that failed first. */
const MAX_SUBJECTS = 10_000;

interface Subject {
  failures: number[];
  /** The lock, which stays after its end so that it is recognized. */
  lock?: { id: string; until: number };
}

/**
 * Failures and locks in the memory of this process, by a clock that never jumps: all of them without Redis, and those that
 * this process has seen in Redis.
 */
export class ProcessLocks {
  private readonly subjects = new Map<string, Subject>();

  /** @param now a monotonic clock in milliseconds, which a test can move */
  constructor(private readonly now: () => number = () => performance.now()) {}

  state(key: string): LockState {
    return { ...UNLOCKED, remainingMs: this.remainingMs(this.subjects.get(key)) };
  }

  fail(key: string): LockState {
    const subject = this.touch(key);
    const remainingMs = this.remainingMs(subject);
    if (remainingMs > 0) return { remainingMs, lockedNow: false };
    const now = this.now();
    subject.failures = [...subject.failures.slice(-MAX_FAILURES), now];
    const [first = now] = subject.failures;
    if (subject.failures.length <= MAX_FAILURES || now - first > FAILURE_WINDOW_MS) return UNLOCKED;
    subject.failures = [];
    subject.lock = { id: randomUUID(), until: now + LOCK_MS };
    return { remainingMs: LOCK_MS, lockedNow: true };
  }

  succeed(key: string): LockState {
    const subject = this.subjects.get(key);
    if (subject !== undefined) subject.failures = [];
    return this.state(key);
  }

  /** The id of the lock that this process holds; undefined for none. */
  lockOf(key: string): string | undefined {
    const subject = this.subjects.get(key);
    return this.remainingMs(subject) > 0 ? subject?.lock?.id : undefined;
  }

  /** Removes the lock, and resets the count. */
  unlock(key: string): void {
    this.subjects.delete(key);
  }

  /**
   * Combines a lock in Redis with what this process knows. A lock holds for {@link LOCK_MS} from when this process first saw
   * it, even if Redis has lost it, or its clock went forward; and no longer, even if that clock went back.
   * @returns undefined for a lock that Redis keeps for too long.
   */
  reconcile(key: string, shared: SharedLock): LockState | undefined {
    const known = this.subjects.get(key);
    if (shared.state === 'unlocked' && this.isRemoved(known, shared)) this.subjects.delete(key);
    if (shared.state !== 'locked') return this.state(key);
    if (known?.lock?.id !== shared.id) {
      const until = this.now() + Math.min(Math.max(shared.remainingMs, 0), LOCK_MS);
      this.touch(key).lock = { id: shared.id, until };
    }
    const { remainingMs } = this.state(key);
    return remainingMs > 0 ? { remainingMs, lockedNow: shared.lockedNow } : undefined;
  }

  /**
   * True for the lock that was removed, and for one that this process placed before that: while Redis is lost, each process
   * places its own, and an admin unlocks the account, not one of them. Both last for {@link LOCK_MS}, so the one with less of
   * it left is the older one.
   */
  private isRemoved(known: Subject | undefined, removed: SharedLock): boolean {
    if (known?.lock?.id === removed.id) return true;
    const left = this.remainingMs(known);
    // If the clock of Redis went back, the removal seems to be younger than it is.
    return left > 0 && left < removed.remainingMs && removed.remainingMs <= LOCK_MS;
  }

  private remainingMs(subject: Subject | undefined): number {
    return Math.max(0, (subject?.lock?.until ?? 0) - this.now());
  }

  private touch(key: string): Subject {
    const subject = this.subjects.get(key) ?? { failures: [] };
    this.subjects.delete(key);
    this.subjects.set(key, subject);
    if (this.subjects.size > MAX_SUBJECTS) {
      const [oldest = key] = this.subjects.keys();
      this.subjects.delete(oldest);
    }
    return subject;
  }
}
