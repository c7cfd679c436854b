/** In the message: a run may have a failure for each tenant, and mostly they have one cause. */
const NAMED_FAILURES = 3;

/**
 * Ends a run in which some parts failed and the others did not wait for them.
 * @throws AggregateError of the failures, if there are any. Its message names the first three.
 */
export function throwFailures(failures: readonly unknown[], summary: string): void {
  if (failures.length === 0) return;
  const named = failures.slice(0, NAMED_FAILURES).map(messageOf).join('; ');
  throw new AggregateError(failures, `${summary}: ${named}`);
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
