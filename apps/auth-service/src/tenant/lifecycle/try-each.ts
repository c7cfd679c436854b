import { throwFailures } from '../../schedule/throw-failures.js';

/**
 * Runs the tasks one after the other, so that a failure for one tenant does not stop the others.
 * @throws AggregateError of those that failed, after all were tried.
 */
export async function tryEach(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const task of tasks) {
    await task().catch((error: unknown) => {
      failures.push(error);
    });
  }
  throwFailures(failures, `${failures.length} of ${tasks.length} failed`);
}
