import { setTimeout as delay } from 'node:timers/promises';

const INTERVAL_MS = 10;

/** Asks `probe` again and again until it answers something other than undefined; undefined once the deadline has passed. */
export async function pollUntil<T>(
  probe: () => T | undefined | Promise<T | undefined>,
  timeoutMs: number,
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined || performance.now() >= deadline) return answer;
    await delay(INTERVAL_MS);
  }
}
