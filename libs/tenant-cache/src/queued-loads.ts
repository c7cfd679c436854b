import type { Loader } from './single-flight.js';

type Load<T> = Promise<ReadonlyMap<string, T>>;

/**
 * Loads a key once at a time. While the feed proves nothing, a request may only use a load that began after it: the requests that
 * arrive during a load share the next one, so that any number of them costs two loads.
 */
export class QueuedLoads<T> {
  private readonly running = new Map<string, Load<T>>();
  private readonly next = new Map<string, Load<T>>();

  /** @throws what a load throws, for all requests that share it */
  async run(keys: readonly string[], load: Loader<T>): Promise<ReadonlyMap<string, T>> {
    const values = new Map<string, T>();
    const shared = keys.flatMap((key) => this.next.get(key) ?? []);
    const rest = keys.filter((key) => !this.next.has(key));
    for (const loaded of await Promise.all([...new Set([...shared, this.enqueue(rest, load)])]))
      for (const key of keys) if (loaded.has(key)) values.set(key, loaded.get(key) as T);
    return values;
  }

  private async enqueue(keys: readonly string[], load: Loader<T>): Load<T> {
    if (keys.length === 0) return new Map();
    const earlier = keys.flatMap((key) => this.running.get(key) ?? []);
    if (earlier.length === 0) return this.start(keys, load);
    const queued = Promise.allSettled(earlier).then(() => {
      for (const key of keys) this.next.delete(key);
      return this.start(keys, load);
    });
    for (const key of keys) this.next.set(key, queued);
    return queued;
  }

  private async start(keys: readonly string[], load: Loader<T>): Load<T> {
    const running = load(keys);
    for (const key of keys) this.running.set(key, running);
    try {
      return await running;
    } finally {
      for (const key of keys) if (this.running.get(key) === running) this.running.delete(key);
    }
  }
}
