import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testCluster } from '@poc-tracker/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createDatabase,
  databaseUrls,
  type DatabaseUrls,
  provisionDatabase,
  withDatabase,
} from './database-provisioning.js';

const database = `provisioning_${process.pid}`;
const { adminUrl, passwords } = testCluster();

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('provisionDatabase', () => {
  let urls: DatabaseUrls;

  beforeAll(async () => {
    urls = await provisionDatabase(adminUrl, { database, passwords });
  });

  afterAll(async () => {
    await query(adminUrl, `DROP DATABASE ${database} WITH (FORCE)`);
  });

  it('creates logins that are not superusers and cannot bypass row-level security', async () => {
    const rows = await query(
      adminUrl,
      `SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication
         FROM pg_roles WHERE rolname LIKE 'poc\\_tracker\\_%' ORDER BY rolname`,
    );
    const plain = {
      rolsuper: false,
      rolbypassrls: false,
      rolcreatedb: false,
      rolreplication: false,
    };
    expect(rows).toEqual([
      { rolname: 'poc_tracker_owner', ...plain, rolcreaterole: true },
      { rolname: 'poc_tracker_platform', ...plain, rolcreaterole: false },
      { rolname: 'poc_tracker_service', ...plain, rolcreaterole: false },
      { rolname: 'poc_tracker_tracker', ...plain, rolcreaterole: false },
    ]);
  });

  it('gives the service the rights of authenticated_user and no other role', async () => {
    const rows = await query(
      urls.serviceUrl,
      `SELECT rolname FROM pg_roles WHERE pg_has_role(rolname, 'MEMBER') AND rolname NOT LIKE 'pg\\_%' ORDER BY 1`,
    );
    expect(rows).toEqual([{ rolname: 'authenticated_user' }, { rolname: 'poc_tracker_service' }]);
  });

  it('gives the tracker only the rights of tracker_user', async () => {
    const rows = await query(
      urls.trackerUrl,
      `SELECT rolname FROM pg_roles WHERE pg_has_role(rolname, 'MEMBER') AND rolname NOT LIKE 'pg\\_%' ORDER BY 1`,
    );
    expect(rows).toEqual([{ rolname: 'poc_tracker_tracker' }, { rolname: 'tracker_user' }]);
  });

  it('lets the owner create objects in public and grant the group roles without inheriting their rights', async () => {
    await query(urls.migrationUrl, 'CREATE TABLE made_by_owner (); DROP TABLE made_by_owner');
    const rows = await query(
      urls.migrationUrl,
      `SELECT rolname, pg_has_role(rolname, 'USAGE') AS inherits, pg_has_role(rolname, 'USAGE WITH ADMIN OPTION') AS grants
         FROM pg_roles WHERE rolname IN ('authenticated_user', 'tracker_user', 'super_admin', 'tenant_gatekeeper') ORDER BY 1`,
    );
    for (const row of rows) expect(row).toMatchObject({ inherits: false, grants: true });
    expect(rows).toHaveLength(4);
  });

  it('does not let the service create objects', async () => {
    await expect(query(urls.serviceUrl, 'CREATE TABLE public.mine ()')).rejects.toThrow(
      /permission denied/,
    );
    await expect(query(urls.serviceUrl, 'CREATE TEMP TABLE mine ()')).rejects.toThrow(
      /permission denied/,
    );
  });

  it.each(['serviceUrl', 'trackerUrl', 'platformUrl', 'migrationUrl'] as const)(
    'does not let the login of %s store large objects',
    async (login) => {
      for (const call of ['lo_create(0)', 'lo_creat(-1)', "lo_from_bytea(0, 'x')", 'lo_open(1, 0)'])
        await expect(query(urls[login], `SELECT ${call}`)).rejects.toThrow(/permission denied/);
    },
  );

  it('revokes large objects as docker/postgres/init.sql does', async () => {
    const file = join(import.meta.dirname, '../../../docker/postgres/init.sql');
    const statement = /^DO [^]*END \$\$/m.exec(readFileSync(file, 'utf8'))?.[0] ?? '';
    const admin = withDatabase(adminUrl, database);
    await query(admin, 'GRANT EXECUTE ON FUNCTION lo_create(oid), lowrite(int, bytea) TO PUBLIC');
    await query(admin, statement);
    for (const call of ['lo_create(0)', "lowrite(0, 'x')"])
      await expect(query(urls.serviceUrl, `SELECT ${call}`)).rejects.toThrow(/permission denied/);
  });

  it('can be repeated, even in parallel, and keeps existing objects', async () => {
    await query(urls.migrationUrl, 'CREATE TABLE kept (answer int)');
    await Promise.all([
      provisionDatabase(adminUrl, { database, passwords }),
      provisionDatabase(adminUrl, { database, passwords }),
    ]);
    expect(await query(urls.migrationUrl, 'SELECT * FROM kept')).toEqual([]);
  });

  it('copies a template with its objects, and lets no other login connect', async () => {
    const copy = `${database}_copy`;
    await query(urls.migrationUrl, 'CREATE TABLE from_template AS SELECT 1 AS one');
    await createDatabase(adminUrl, copy, database);
    const { migrationUrl } = databaseUrls(adminUrl, copy, passwords);
    expect(await query(migrationUrl, 'SELECT one FROM from_template')).toEqual([{ one: 1 }]);
    const rows = await query(
      adminUrl,
      `SELECT datacl::text AS acl FROM pg_database WHERE datname = '${copy}'`,
    );
    expect(rows[0]?.['acl']).not.toMatch(/[{,]=/);
    await query(adminUrl, `DROP DATABASE ${copy} WITH (FORCE)`);
  });
});
