import { ApiError } from '@poc-tracker/contracts';
import { type ClientBase, DatabaseError } from 'pg';

/**
 * SQLSTATEs with which PostgreSQL ends a connection. It also does so after it has written a commit, for example while it waits
 * for a standby. Any other error that it sends in response to COMMIT means that the transaction was rolled back.
 */
const CONNECTION_ENDED = /^(08|57P)/;

/**
 * Commits the open transaction of a connection.
 * @param sendCommit sends COMMIT and returns the command that PostgreSQL reports as completed
 * @throws ApiError OUTCOME_UNKNOWN if PostgreSQL did not answer: it may have committed, and only the answer was lost. Any
 *   other error means that it did not commit.
 */
export async function commitOn(
  client: Pick<ClientBase, 'getTransactionStatus'>,
  sendCommit: () => Promise<string>,
): Promise<void> {
  if (client.getTransactionStatus() === 'I') {
    throw new Error('A statement ended the transaction; do not send COMMIT or ROLLBACK yourself.');
  }
  const completed = await completedOrUnknown(sendCommit);
  // After a failed statement PostgreSQL responds to COMMIT with ROLLBACK instead of an error.
  if (completed !== 'COMMIT') {
    throw new Error(
      'The transaction was rolled back because a statement failed and its error was ignored.',
    );
  }
}

async function completedOrUnknown(sendCommit: () => Promise<string>): Promise<string> {
  try {
    return await sendCommit();
  } catch (error) {
    const rolledBack = error instanceof DatabaseError && !CONNECTION_ENDED.test(error.code ?? '');
    throw rolledBack ? error : new ApiError('OUTCOME_UNKNOWN', { cause: error });
  }
}
