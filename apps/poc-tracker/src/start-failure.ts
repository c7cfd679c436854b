import { toApiError } from '@poc-tracker/tenancy';

/** Errors whose message was written for the person who starts the service: a stack would only hide it. */
const EXPLAINED = new Set(['ConfigurationError', 'IsolationProofError']);

/** What to print when the start fails, or the stop: a sentence where the reason is known, the stack of any other error. */
export function describeStartFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return 'The port is taken by another program; stop that one, or choose another port with PORT.';
  if (code === 'EACCES' && path !== undefined)
    return `This user may not write ${path}; set STORAGE_DIR to another folder.`;
  if (toApiError(error)?.code === 'SERVICE_UNAVAILABLE') {
    return `The database cannot be reached, or refuses the login of DATABASE_URL: ${error.message || String(code)}`;
  }
  return EXPLAINED.has(error.name) ? error.message : (error.stack ?? error.message);
}
