/**
 * A point in time on both clocks of this process. The monotonic clock may stop while the machine sleeps, and the wall
 * clock may be set back, so `age` is the larger of the two.
 */
export class Timestamp {
  private constructor(
    /** Milliseconds, of performance.now(). */
    readonly monotonic: number,
    /** Milliseconds since the epoch. */
    readonly wall: number,
  ) {}

  static now(): Timestamp {
    return new Timestamp(performance.now(), Date.now());
  }

  /** Milliseconds that have passed since. */
  get age(): number {
    return Math.max(performance.now() - this.monotonic, Date.now() - this.wall);
  }

  minus(milliseconds: number): Timestamp {
    return new Timestamp(this.monotonic - milliseconds, this.wall - milliseconds);
  }

  isBefore(other: Timestamp): boolean {
    return this.monotonic < other.monotonic;
  }
}
