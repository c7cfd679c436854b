import { createEmptyDatabase, type TestDatabase } from '@poc-tracker/testing';
import pg, { DatabaseError } from 'pg';
import { QueryFailedError } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toApiError } from './database-errors.js';

function databaseError(fields: { code: string; constraint?: string }): DatabaseError {
  return Object.assign(new DatabaseError('refused by PostgreSQL', 0, 'error'), fields);
}

describe('toApiError', () => {
  it.each([
    ['users_tenant_email_key', '23505', 'USER_EXISTS'],
    ['tenants_subdomain_key', '23505', 'TENANT_EXISTS'],
    ['tenant_user_limit', '23514', 'USER_LIMIT_EXCEEDED'],
    ['users_last_admin_stays', '23514', 'LAST_ADMIN'],
    ['users_own_role_fixed', '42501', 'INSUFFICIENT_PERMISSIONS'],
    ['users_locale_check', '23514', 'VALIDATION_ERROR'],
  ])('reads the constraint %s as what it means', (constraint, code, expected) => {
    expect(toApiError(databaseError({ code, constraint }))?.code).toBe(expected);
  });

  it.each([
    ['22P02', 'VALIDATION_ERROR'],
    ['22021', 'VALIDATION_ERROR'],
    ['42501', 'INSUFFICIENT_PERMISSIONS'],
    ['40P01', 'SERVICE_BUSY'],
    ['57014', 'SERVICE_UNAVAILABLE'],
    ['57P01', 'SERVICE_UNAVAILABLE'],
    ['08006', 'SERVICE_UNAVAILABLE'],
    ['53300', 'SERVICE_UNAVAILABLE'],
  ])('reads SQLSTATE %s as %s', (code, expected) => {
    expect(toApiError(databaseError({ code }))?.code).toBe(expected);
  });

  it('tells a client that lost a race when to try again', () => {
    expect(toApiError(databaseError({ code: '40001' }))?.retryAfter).toBe(1);
  });

  it('sees through what TypeORM and others wrap around the error', () => {
    const inner = databaseError({ code: '23505', constraint: 'users_tenant_email_key' });
    const wrapped = new Error('registering failed', {
      cause: new QueryFailedError('INSERT …', undefined, inner),
    });
    expect(toApiError(wrapped)).toMatchObject({ code: 'USER_EXISTS', cause: wrapped });
  });

  it('says nothing of the database to the client', () => {
    const error = toApiError(databaseError({ code: '22P02' }));
    expect(error?.message).not.toContain('PostgreSQL');
    expect(error?.details).toBeUndefined();
  });

  it.each([
    ['a defect in a statement', databaseError({ code: '42703' })],
    [
      'a constraint that no code stands for',
      databaseError({ code: '23505', constraint: 'users_pkey' }),
    ],
    ['an error of other origin', new TypeError('x is not a function')],
    ['what is no error', 'text'],
    ['nothing', undefined],
  ])('leaves %s to be an internal error', (_what, error) => {
    expect(toApiError(error)).toBeUndefined();
  });

  it('ends on causes that go round in a circle', () => {
    const error = new Error('round');
    error.cause = error;
    expect(toApiError(error)).toBeUndefined();
  });

  describe('with errors as they really come', () => {
    let db: TestDatabase;

    beforeAll(async () => {
      db = await createEmptyDatabase();
    });

    afterAll(() => db.drop());

    async function failureOf(
      statement: string,
      params: unknown[] = [],
      url = db.serviceUrl,
    ): Promise<unknown> {
      const client = new pg.Client(url);
      client.on('error', () => undefined);
      try {
        await client.connect();
        return await client.query(statement, params).then(
          () => undefined,
          (error: unknown) => error,
        );
      } catch (error) {
        return error;
      } finally {
        await client.end().catch(() => undefined);
      }
    }

    it.each([
      ['a malformed id', 'SELECT $1::uuid', ['42'], 'VALIDATION_ERROR'],
      ['a NUL byte', 'SELECT $1::text', ['a\0b'], 'VALIDATION_ERROR'],
      ['an escaped NUL in JSON', 'SELECT $1::jsonb', ['"\\u0000"'], 'VALIDATION_ERROR'],
      ['a number out of range', 'SELECT $1::integer', ['99999999999'], 'VALIDATION_ERROR'],
      ['a missing right', 'SELECT rolpassword FROM pg_authid', [], 'INSUFFICIENT_PERMISSIONS'],
      [
        'its own termination',
        'SELECT pg_terminate_backend(pg_backend_pid())',
        [],
        'SERVICE_UNAVAILABLE',
      ],
    ])('understands %s', async (_what, statement, params, expected) => {
      expect(toApiError(await failureOf(statement, params))?.code).toBe(expected);
    });

    it('understands a server that is not there', async () => {
      const nobody = await failureOf('SELECT 1', [], 'postgres://nobody:nothing@localhost:1/none');
      expect(toApiError(nobody)?.code).toBe('SERVICE_UNAVAILABLE');
    });

    it('understands a pool without a free connection', async () => {
      const pool = new pg.Pool({
        connectionString: db.serviceUrl,
        max: 1,
        connectionTimeoutMillis: 100,
      });
      const client = await pool.connect();
      const refused: unknown = await pool.connect().catch((error: unknown) => error);
      client.release();
      await pool.end();
      expect(toApiError(refused)?.code).toBe('SERVICE_UNAVAILABLE');
    });
  });
});
