/**
 * A moment on both clocks of this process. The monotonic one can stand still while a machine sleeps, and the wall clock
 * can be set back; of two moments, what counts is the longer of the two distances.
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

  /** Milliseconds that have passed since then. */
  get age(): number {
    return Math.max(performance.now() - this.monotonic, Date.now() - this.wall);
  }

  /** This moment, moved into the past. */
  earlier(milliseconds: number): Timestamp {
    return new Timestamp(this.monotonic - milliseconds, this.wall - milliseconds);
  }

  isBefore(other: Timestamp): boolean {
    return this.monotonic < other.monotonic;
  }
}
