import type { Hit, HitCounter, Verdict } from './hit-counter.js';
import { lifetime, slotLength, SlotWindow } from './slot-window.js';

/** About 50 MB at most. Above it the source that was seen the longest time ago is evicted. */
const CAPACITY = 100_000;

interface Entry {
  window: SlotWindow;
  /** When the latest hit stops counting. */
  expiresAt: number;
}

/** Counts in the memory of the process, by a clock that never jumps. */
export class MemoryCounter implements HitCounter {
  /** The least recently used entry is the first. */
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly now: () => number = () => performance.now(),
    private readonly capacity = CAPACITY,
  ) {}

  /** For tests of the bound. */
  get size(): number {
    return this.entries.size;
  }

  take(hits: readonly Hit[]): Verdict[] {
    const nowMs = this.now();
    const judged = hits.map((hit) => {
      const window = this.windowOf(hit, nowMs);
      return { hit, window, exceeded: window.total(nowMs) >= hit.limit };
    });
    const refused = judged.some(({ hit, exceeded }) => exceeded && !hit.shadow);
    return judged.map(({ hit, window, exceeded }) => {
      if (!refused && !exceeded) this.count(hit, window, nowMs);
      const total = window.total(nowMs);
      return {
        exceeded,
        remaining: Math.max(0, hit.limit - total),
        resetMs: total === 0 ? 0 : window.resetMs(nowMs, hit.limit),
      };
    });
  }

  reset(key: string): void {
    this.entries.delete(key);
  }

  private windowOf({ key, windowSeconds }: Hit, nowMs: number): SlotWindow {
    const entry = this.entries.get(key);
    return entry !== undefined && entry.expiresAt > nowMs
      ? entry.window
      : new SlotWindow(slotLength(windowSeconds));
  }

  private count({ key, windowSeconds }: Hit, window: SlotWindow, nowMs: number): void {
    window.add(nowMs);
    this.entries.delete(key);
    this.entries.set(key, { window, expiresAt: nowMs + lifetime(slotLength(windowSeconds)) });
    if (this.entries.size <= this.capacity) return;
    const [oldest] = this.entries.keys();
    if (oldest !== undefined) this.entries.delete(oldest);
  }
}
