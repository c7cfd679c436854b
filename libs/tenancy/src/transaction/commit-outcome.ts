import { ApiError } from '@poc-tracker/contracts';
import { DatabaseError } from 'pg';

/**
 * SQLSTATEs with which PostgreSQL ends a connection. It also does so after it has written a commit, for example while it waits
 * for a standby. Any other error that it sends in response to COMMIT means that the transaction was rolled back.
 */
const CONNECTION_ENDED = /^(08|57P)/;

/**
 * Runs a COMMIT.
 * @throws ApiError OUTCOME_UNKNOWN if PostgreSQL did not answer: it may have committed, and only the answer was lost. Any
 *   error that means that it did not commit, unchanged.
 */
export async function commitOrDoubt<T>(commit: () => Promise<T>): Promise<T> {
  try {
    return await commit();
  } catch (error) {
    const rolledBack = error instanceof DatabaseError && !CONNECTION_ENDED.test(error.code ?? '');
    throw rolledBack ? error : new ApiError('OUTCOME_UNKNOWN', { cause: error });
  }
}
