/** The service cannot start for a reason that the person at the terminal can mend; the message is one sentence. */
export class StartFailureError extends Error {
  override readonly name = 'StartFailureError';
}

/** Errors whose message was written for the person who starts the service: a stack would only hide it. */
const EXPLAINED = new Set([
  StartFailureError.name,
  'ConfigurationError',
  'EmbeddedPostgresError',
  'DataDirectoryInUseError',
  'IsolationProofError',
]);

/** What to print when the start fails: the sentence of an error that explains itself, the stack of any other. */
export function describeStartFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return EXPLAINED.has(error.name) ? error.message : (error.stack ?? error.message);
}
