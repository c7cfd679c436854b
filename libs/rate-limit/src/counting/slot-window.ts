/**
 * Slots of a window. A hit counts until its whole slot has left the window, so never more than the limit passes in any
 * window, and a hit counts at most one slot longer than the window.
 */
export const SLOTS = 30;

/** The length of a slot. It is rounded up: a window is never shorter than stated. */
export function slotLength(windowSeconds: number): number {
  return Math.ceil((windowSeconds * 1_000) / SLOTS);
}

/** How long the latest hit counts at most. */
export function lifetime(slotMs: number): number {
  return (SLOTS + 1) * slotMs;
}

/** The hits of one source under one rule, by slot. {@link countingScript} does the same in Redis. */
export class SlotWindow {
  private readonly counts = new Map<number, number>();
  private sum = 0;

  constructor(private readonly slotMs: number) {}

  /** The hits that count at this time. */
  total(nowMs: number): number {
    this.settle(Math.floor(nowMs / this.slotMs));
    return this.sum;
  }

  add(nowMs: number): void {
    const current = Math.floor(nowMs / this.slotMs);
    this.settle(current);
    this.counts.set(current, (this.counts.get(current) ?? 0) + 1);
    this.sum += 1;
  }

  /** Milliseconds until fewer than `limit` hits count; with `limit` above the total, until the first hit leaves. */
  resetMs(nowMs: number, limit: number): number {
    let excess = Math.max(1, this.total(nowMs) - limit + 1);
    for (const slot of [...this.counts.keys()].sort((one, other) => one - other)) {
      excess -= this.counts.get(slot) ?? 0;
      if (excess <= 0) return slot * this.slotMs + lifetime(this.slotMs) - nowMs;
    }
    return 0;
  }

  /** Removes the slots that have left. A slot in the future is moved to now: the clock went back, and it still counts. */
  private settle(current: number): void {
    for (const [slot, count] of this.counts) {
      if (slot >= current - SLOTS && slot <= current) continue;
      this.counts.delete(slot);
      if (slot > current) this.counts.set(current, (this.counts.get(current) ?? 0) + count);
      else this.sum -= count;
    }
  }
}
