/**
 * Does one piece of work after the other: what fails for one tenant must not keep the others waiting.
 * @throws AggregateError that names what failed, after all were tried.
 */
export async function tryEach(work: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: Error[] = [];
  for (const one of work) {
    await one().catch((error: unknown) => {
      failures.push(error instanceof Error ? error : new Error(String(error)));
    });
  }
  if (failures.length === 0) return;
  const messages = failures.map(({ message }) => message).join(' ');
  throw new AggregateError(failures, `${failures.length} of ${work.length} failed: ${messages}`);
}
