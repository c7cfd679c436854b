import { setTimeout as delay } from 'node:timers/promises';

const INTERVAL_MS = 10;

/** Calls `probe` until it returns something other than undefined, or returns undefined after the timeout. */
export async function pollUntil<T>(
  probe: () => T | undefined | Promise<T | undefined>,
  timeoutMs: number,
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const result = await probe();
    if (result !== undefined || performance.now() >= deadline) return result;
    await delay(INTERVAL_MS);
  }
}
