import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Test } from '@nestjs/testing';
import { TenancyModule } from '../tenancy.module.js';
import { findLargeObjects } from './large-objects.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.drop();
});

/** The warning for a login after a statement of a superuser, and after the statement that the warning names. */
async function warningsAfter(
  grant: string,
  login: 'service' | 'tracker',
): Promise<(string | undefined)[]> {
  await database.sql('BEGIN');
  const asLogin = async (): Promise<string | undefined> => {
    await database.sql(`SET LOCAL SESSION AUTHORIZATION poc_tracker_${login}`);
    const warning = await findLargeObjects(database.sql);
    await database.sql('RESET SESSION AUTHORIZATION');
    return warning;
  };
  try {
    await database.sql(grant);
    const first = await asLogin();
    await database.sql(/REVOKE .*$/.exec(first ?? '')?.[0] ?? 'SELECT');
    return [first, await asLogin()];
  } finally {
    await database.sql('ROLLBACK');
  }
}

describe('The check for large objects', () => {
  it('finds nothing in a database that was set up for the product', async () => {
    expect(await warningsAfter('SELECT', 'service')).toEqual([undefined, undefined]);
    expect(await warningsAfter('SELECT', 'tracker')).toEqual([undefined, undefined]);
  });

  it.each(['service', 'tracker'] as const)(
    'names the statement that takes all functions from the login of the %s',
    async (login) => {
      const grant = `
        DO $$ DECLARE name regprocedure; BEGIN
          FOR name IN SELECT oid FROM pg_proc WHERE proname LIKE 'lo\\_%' OR proname IN ('loread', 'lowrite')
          LOOP EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', name); END LOOP;
        END $$`;
      const [warning, afterwards] = await warningsAfter(grant, login);
      expect(warning).toMatch(
        new RegExp(
          `^poc_tracker_${login} may store large objects, which no policy protects and no limit counts. ` +
            'As a superuser, run in this database: REVOKE EXECUTE ON FUNCTION lo_close\\(integer\\), .*' +
            'lowrite\\(integer,bytea\\) FROM PUBLIC$',
        ),
      );
      expect(afterwards).toBeUndefined();
    },
  );

  it('warns at the start of a service, which continues', async () => {
    await database.sql('GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC');
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const { serviceUrl } = database;
    const options = { serviceUrl, poolMin: 0, poolMax: 2, tls: false, requestTimeoutMs: 5_000 };
    const module = await Test.createTestingModule({
      imports: [TenancyModule.forRoot({ ...options, entities: [] })],
    }).compile();
    await module.close();
    expect(warn).toHaveBeenCalledWith(
      expect.stringContaining('REVOKE EXECUTE ON FUNCTION lo_create(oid) FROM PUBLIC'),
    );
  });
});
