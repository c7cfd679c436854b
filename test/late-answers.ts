/** After this time every instance shows a change. */
const BOUND_MS = 100;

/**
 * Sends requests without a pause, and returns what was answered to those that were sent later than 100 ms after the change.
 * @param asks one per instance; each sends a request and resolves to what its answer says.
 */
export async function lateAnswers(
  asks: readonly (() => Promise<string>)[],
  change: () => Promise<unknown>,
): Promise<Set<string>> {
  const late = new Set<string>();
  let committedAt = Infinity;
  const observe = async (ask: () => Promise<string>): Promise<void> => {
    for (;;) {
      const sentAt = performance.now();
      const answer = await ask();
      if (sentAt > committedAt + BOUND_MS) late.add(answer);
      if (sentAt > committedAt + 3 * BOUND_MS) return;
    }
  };
  const observations = asks.map(observe);
  await change();
  committedAt = performance.now();
  await Promise.all(observations);
  return late;
}
