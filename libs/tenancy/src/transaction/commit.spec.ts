import { DatabaseError } from 'pg';
import { describe, expect, it, vi } from 'vitest';
import { commitOn } from './commit.js';

type Status = 'I' | 'T' | 'E';

const client = (status: Status = 'T') => ({ getTransactionStatus: () => status });

function sqlError(code: string): DatabaseError {
  return Object.assign(new DatabaseError('refused', 7, 'error'), { code });
}

describe('commitOn', () => {
  it('resolves if PostgreSQL reports the commit', async () => {
    await expect(commitOn(client(), () => Promise.resolve('COMMIT'))).resolves.toBeUndefined();
  });

  it('sends nothing if a statement has ended the transaction', async () => {
    const send = vi.fn(() => Promise.resolve('COMMIT'));
    await expect(commitOn(client('I'), send)).rejects.toThrow('A statement ended the transaction');
    expect(send).not.toHaveBeenCalled();
  });

  it('fails if PostgreSQL rolled back because of an ignored error', async () => {
    const rolledBack = commitOn(client('E'), () => Promise.resolve('ROLLBACK'));
    await expect(rolledBack).rejects.toThrow('was rolled back');
  });

  it('throws the error with which PostgreSQL refused the commit', async () => {
    const refusal = sqlError('23505');
    await expect(commitOn(client(), () => Promise.reject(refusal))).rejects.toBe(refusal);
  });

  it.each([
    ['the connection is lost', new Error('Connection terminated unexpectedly')],
    ['PostgreSQL ends the connection', sqlError('57P01')],
    ['the connection fails', sqlError('08006')],
  ])('says that the outcome is unknown if %s', async (_what, error) => {
    const doubtful = commitOn(client(), () => Promise.reject(error));
    await expect(doubtful).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: error });
  });
});
