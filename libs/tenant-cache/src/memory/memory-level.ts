/** How much a {@link MemoryLevel} keeps. */
export interface MemoryBounds {
  maxEntries: number;
  /** Estimated. The objects of a value take more than its text, so leave room. */
  maxBytes: number;
}

interface Entry<V> {
  readonly value: V;
  readonly bytes: number;
  /** Of performance.now(). */
  readonly expiresAt: number;
}

/** A string in memory takes up to two bytes for each character. */
const BYTES_OF_CHARACTER = 2;

/** The entry, its map slot and its key's header. */
const BYTES_OF_ENTRY = 200;

/** Values in the memory of this process. The least recently used ones are evicted when a bound is exceeded. */
export class MemoryLevel<V> {
  /** The least recently used entry first. */
  private readonly entries = new Map<string, Entry<V>>();
  private usedBytes = 0;

  constructor(private readonly bounds: MemoryBounds) {}

  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt <= performance.now()) {
      this.delete(key);
      return undefined;
    }
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  /** @param textLength of the value as JSON, from which its size is estimated. */
  set(key: string, value: V, { textLength, ttlMs }: { textLength: number; ttlMs: number }): void {
    this.delete(key);
    const bytes = BYTES_OF_ENTRY + (key.length + textLength) * BYTES_OF_CHARACTER;
    if (bytes > this.bounds.maxBytes) return;
    this.entries.set(key, { value, bytes, expiresAt: performance.now() + ttlMs });
    this.usedBytes += bytes;
    for (const oldest of this.entries.keys()) {
      const { maxEntries, maxBytes } = this.bounds;
      if (this.entries.size <= maxEntries && this.usedBytes <= maxBytes) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.usedBytes -= this.entries.get(key)?.bytes ?? 0;
    this.entries.delete(key);
  }
}
