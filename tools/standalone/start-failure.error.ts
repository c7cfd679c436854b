import { toApiError } from '@poc-tracker/tenancy';

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

/** What to print when the start fails: one sentence where the reason is known, the stack of any other error. */
export function describeStartFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (toApiError(error)?.code === 'SERVICE_UNAVAILABLE') {
    return `The database cannot be reached, or refuses the login of DATABASE_URL: ${reasonOf(error)}`;
  }
  return EXPLAINED.has(error.name) ? error.message : (error.stack ?? error.message);
}

/** A host name with several addresses fails with one error for all of them, which has a code and no message. */
function reasonOf(error: Error): string {
  return error.message || String((error as NodeJS.ErrnoException).code);
}
