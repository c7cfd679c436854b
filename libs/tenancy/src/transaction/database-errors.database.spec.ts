import { createEmptyDatabase, type TestDatabase } from '@poc-tracker/testing';
import pg, { DatabaseError } from 'pg';
import { QueryFailedError } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createErrorTranslator } from './database-errors.js';

const toApiError = createErrorTranslator({
  users_tenant_email_key: 'USER_EXISTS',
  tenant_user_limit: 'USER_LIMIT_EXCEEDED',
  users_last_admin_stays: 'LAST_ADMIN',
});

function databaseError(fields: {
  code: string;
  constraint?: string;
  detail?: string;
}): DatabaseError {
  return Object.assign(new DatabaseError('refused by PostgreSQL', 0, 'error'), fields);
}

describe('createErrorTranslator', () => {
  it.each([
    ['users_tenant_email_key', '23505', 'USER_EXISTS'],
    ['tenant_user_limit', '23514', 'USER_LIMIT_EXCEEDED'],
    ['users_last_admin_stays', '23514', 'LAST_ADMIN'],
    ['users_locale_check', '23514', 'VALIDATION_ERROR'],
    ['users_tenant_fkey', '23503', 'INVALID_TENANT'],
  ])('maps the constraint %s with SQLSTATE %s to %s', (constraint, code, expected) => {
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
    ['3F000', 'SERVICE_UNAVAILABLE'],
    ['42P01', 'SERVICE_UNAVAILABLE'],
    ['42703', 'SERVICE_UNAVAILABLE'],
    ['42883', 'SERVICE_UNAVAILABLE'],
  ])('maps SQLSTATE %s to %s', (code, expected) => {
    expect(toApiError(databaseError({ code }))?.code).toBe(expected);
  });

  it('tells a missing grant of the service from a refusal by a policy or a trigger', () => {
    const refused = (routine: string) =>
      toApiError(Object.assign(databaseError({ code: '42501' }), { routine }))?.code;
    expect(refused('aclcheck_error')).toBe('SERVICE_UNAVAILABLE');
    expect(refused('ExecWithCheckOptions')).toBe('INSUFFICIENT_PERMISSIONS');
    expect(refused('exec_stmt_raise')).toBe('INSUFFICIENT_PERMISSIONS');
  });

  it('sets Retry-After when a request conflicted with another transaction', () => {
    expect(toApiError(databaseError({ code: '40001' }))?.retryAfter).toBe(1);
  });

  it('unwraps the errors of TypeORM and other causes', () => {
    const inner = databaseError({ code: '23505', constraint: 'users_tenant_email_key' });
    const wrapped = new Error('registering failed', {
      cause: new QueryFailedError('INSERT …', undefined, inner),
    });
    expect(toApiError(wrapped)).toMatchObject({ code: 'USER_EXISTS', cause: wrapped });
  });

  it('adds limits and usage to an exceeded limit, and no other details of PostgreSQL', () => {
    const detail =
      '{"maxUsers" : 2, "maxPocs" : 7, "maxStorageGb" : 5, "users" : 4, "pocs" : 3, "storageBytes" : 1610612736}';
    const limit = databaseError({ code: '23514', constraint: 'tenant_user_limit' });
    expect(toApiError(Object.assign(limit, { detail }))?.details).toEqual({
      limits: { maxUsers: 2, maxPocs: 7, maxStorageGb: 5 },
      usage: { users: 4, pocs: 3, storageGb: 1.5 },
    });
    const unknown = Object.assign(limit, { detail: `${detail} and a row` });
    expect(toApiError(unknown)?.details).toBeUndefined();
    const row = databaseError({ code: '23505', constraint: 'users_tenant_email_key' });
    expect(toApiError(Object.assign(row, { detail }))?.details).toBeUndefined();
  });

  it('exposes nothing of the database to the client', () => {
    const error = toApiError(databaseError({ code: '22P02' }));
    expect(error?.message).not.toContain('PostgreSQL');
    expect(error?.details).toBeUndefined();
  });

  it('names the permissions that the caller lacks, and nothing else of the detail', () => {
    const refused = { code: '42501', constraint: 'users_rights_held' };
    expect(
      toApiError(databaseError({ ...refused, detail: 'manage_roles view_audit' })),
    ).toMatchObject({
      code: 'INSUFFICIENT_PERMISSIONS',
      details: { reason: 'permission_not_held', required: ['manage_roles', 'view_audit'] },
    });
    const quoting = toApiError(databaseError({ ...refused, detail: 'Failing row contains (x).' }));
    expect(quoting?.details).toBeUndefined();
  });

  it.each([
    ['a defect in a statement', databaseError({ code: '42601' })],
    [
      'a constraint without an error code',
      databaseError({ code: '23505', constraint: 'users_pkey' }),
    ],
    ['another error', new TypeError('x is not a function')],
    ['a string', 'text'],
    ['undefined', undefined],
  ])('returns undefined for %s', (_what, error) => {
    expect(toApiError(error)).toBeUndefined();
  });

  it('stops at a circular chain of causes', () => {
    const error = new Error('round');
    error.cause = error;
    expect(toApiError(error)).toBeUndefined();
  });

  describe('with errors of a real server', () => {
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
      ['a missing privilege', 'SELECT rolpassword FROM pg_authid', [], 'SERVICE_UNAVAILABLE'],
      [
        'a terminated connection',
        'SELECT pg_terminate_backend(pg_backend_pid())',
        [],
        'SERVICE_UNAVAILABLE',
      ],
    ])('maps %s to an error code', async (_what, statement, params, expected) => {
      expect(toApiError(await failureOf(statement, params))?.code).toBe(expected);
    });

    it('maps a refused connection to SERVICE_UNAVAILABLE', async () => {
      const refused = await failureOf('SELECT 1', [], 'postgres://unused:nothing@localhost:1/none');
      expect(toApiError(refused)?.code).toBe('SERVICE_UNAVAILABLE');
    });

    it('maps an exhausted pool to SERVICE_UNAVAILABLE', async () => {
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
