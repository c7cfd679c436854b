/** More failures than this within the window lock an account. */
export const MAX_FAILURES = 5;
export const FAILURE_WINDOW_MS = 5 * 60_000;
export const LOCK_MS = 15 * 60_000;

/** What a store says about a subject, which is an account or one known device of it. */
export interface LockState {
  /** Milliseconds until the lock ends; 0 if the subject is not locked. */
  remainingMs: number;
  /** True for the failure that has locked the subject. */
  lockedNow: boolean;
}

export const UNLOCKED: LockState = { remainingMs: 0, lockedNow: false };
