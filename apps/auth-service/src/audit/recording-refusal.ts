import { ApiError } from '@poc-tracker/contracts';
import { toApiError } from '../constraint-codes.js';

/**
 * Runs `work`. If it fails with a client error, which may be one of the database, records the refusal and throws the error
 * again. `record` runs after the transaction of `work` was rolled back, so the entry stays.
 */
export async function recordingRefusal<T>(
  work: () => Promise<T>,
  record: (refusal: ApiError) => Promise<void>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const refusal = error instanceof ApiError ? error : toApiError(error);
    if (refusal !== undefined && refusal.status < 500) await record(refusal);
    throw error;
  }
}
