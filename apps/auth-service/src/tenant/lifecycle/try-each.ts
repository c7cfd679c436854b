/**
 * Runs the tasks one after the other, so that a failure for one tenant does not stop the others.
 * @throws AggregateError of those that failed, after all were tried.
 */
export async function tryEach(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: Error[] = [];
  for (const task of tasks) {
    await task().catch((error: unknown) => {
      failures.push(error instanceof Error ? error : new Error(String(error)));
    });
  }
  if (failures.length === 0) return;
  const messages = failures.map(({ message }) => message).join(' ');
  throw new AggregateError(failures, `${failures.length} of ${tasks.length} failed: ${messages}`);
}
