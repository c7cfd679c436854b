/** One line per kind in this time, however often it occurs. */
const PERIOD_MS = 60_000;

/** Keeps a burst of one kind from filling the log: lets one line a minute pass, and counts the others. */
export class LineLimit {
  private readonly kinds = new Map<string, { loggedAt: number; count: number }>();

  /** @param now a monotonic clock in milliseconds, which a test can move */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /**
   * Counts an occurrence.
   * @param kind one of a few
   * @returns the occurrences since the last line of the kind, if a line is due; otherwise undefined.
   */
  count(kind: string): number | undefined {
    const nowMs = this.now();
    const known = this.kinds.get(kind) ?? { loggedAt: -Infinity, count: 0 };
    known.count += 1;
    this.kinds.set(kind, known);
    if (nowMs - known.loggedAt < PERIOD_MS) return undefined;
    const { count } = known;
    Object.assign(known, { loggedAt: nowMs, count: 0 });
    return count;
  }
}
