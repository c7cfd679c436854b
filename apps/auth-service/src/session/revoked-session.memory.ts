import { Injectable } from '@nestjs/common';
import { ACCESS_TOKEN_SECONDS } from '@poc-tracker/auth-kit';
import { Clock } from './clock.js';

/** For as long as an access token lives: after that the session's tokens are refused by their own `exp`. */
const REMEMBERED_MS = ACCESS_TOKEN_SECONDS * 1000;

/** Bounds the memory when a great many sessions end at once; what is dropped is still refused by PostgreSQL. */
const MAX_REMEMBERED = 50_000;

/** The sessions that this process ended lately: refused without asking anybody. */
@Injectable()
export class RevokedSessionMemory {
  /** Session id → end of remembering, in the order of revocation, hence of expiry. */
  private readonly until = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  add(sessionId: string): void {
    const now = this.clock.now().getTime();
    this.until.delete(sessionId);
    this.until.set(sessionId, now + REMEMBERED_MS);
    this.forgetOldest(now);
  }

  has(sessionId: string): boolean {
    return (this.until.get(sessionId) ?? 0) > this.clock.now().getTime();
  }

  private forgetOldest(now: number): void {
    for (const [sessionId, end] of this.until) {
      if (end > now && this.until.size <= MAX_REMEMBERED) return;
      this.until.delete(sessionId);
    }
  }
}
