import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** The logins of the services. Roles belong to the server, not to one database. */
export const LOGINS = {
  owner: 'poc_tracker_owner',
  service: 'poc_tracker_service',
  tracker: 'poc_tracker_tracker',
  platform: 'poc_tracker_platform',
} as const;

/** Roles without login, which have grants and policies. */
const GROUP_ROLES = [
  'authenticated_user',
  'tracker_user',
  'super_admin',
  'tenant_gatekeeper',
] as const;

const MEMBERSHIPS = {
  service: 'authenticated_user',
  tracker: 'tracker_user',
  platform: 'super_admin',
} as const;

export type LoginPasswords = Record<keyof typeof LOGINS, string>;

export interface DatabaseUrls {
  /** Login of the owner: runs migrations and sees no rows of tenants. Neither a superuser nor BYPASSRLS. */
  migrationUrl: string;
  /** Login of the service: a member of authenticated_user. */
  serviceUrl: string;
  /** Login of the tracker: a member of tracker_user. */
  trackerUrl: string;
  /** Login of operators: a member of super_admin. */
  platformUrl: string;
}

export function generateLoginPasswords(): LoginPasswords {
  const random = (): string => randomBytes(24).toString('base64url');
  return { owner: random(), service: random(), tracker: random(), platform: random() };
}

/**
 * Creates the database, the logins and the group roles if they are missing, and sets the passwords of the logins, random by
 * default. It is idempotent apart from the passwords, so an interrupted run can be repeated.
 */
export async function provisionDatabase(
  adminUrl: string,
  options: { database?: string; passwords?: LoginPasswords } = {},
): Promise<DatabaseUrls> {
  const { database = 'poc_tracker', passwords = generateLoginPasswords() } = options;
  await provisionRoles(adminUrl, passwords);
  await createDatabase(adminUrl, database);
  return databaseUrls(adminUrl, database, passwords);
}

/**
 * Large objects are no rows: no policy protects them and no limit of a tenant counts them. PostgreSQL lets every role store
 * them. docker/postgres/init.sql has the same statement, and the start-up check of libs/tenancy names it.
 */
const REVOKE_LARGE_OBJECTS = `
  DO $$
  DECLARE name regprocedure;
  BEGIN
    FOR name IN SELECT oid FROM pg_proc
                 WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^(lo_|loread$|lowrite$)'
                   AND has_function_privilege('public', oid, 'EXECUTE')
    LOOP EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', name); END LOOP;
  END $$`;

/** Creates a database of the owner that only these logins may connect to, as a copy of `template` if given. */
export async function createDatabase(
  adminUrl: string,
  database: string,
  template?: string,
): Promise<void> {
  const name = pg.escapeIdentifier(database);
  await asAdmin(adminUrl, async (admin) => {
    const { rowCount } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [
      database,
    ]);
    if (rowCount === 0) {
      const source = template === undefined ? '' : ` TEMPLATE ${pg.escapeIdentifier(template)}`;
      await admin.query(`CREATE DATABASE ${name} OWNER ${LOGINS.owner}${source}`);
    }
    await admin.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
    const { service, tracker, platform } = LOGINS;
    await admin.query(`GRANT CONNECT ON DATABASE ${name} TO ${service}, ${tracker}, ${platform}`);
  });
  await asAdmin(withDatabase(adminUrl, database), async (admin) => {
    await admin.query(`ALTER SCHEMA public OWNER TO ${LOGINS.owner}`);
    await admin.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
    await admin.query(REVOKE_LARGE_OBJECTS);
  });
}

/** The URLs of the logins for a database on the server of `adminUrl`. */
export function databaseUrls(
  adminUrl: string,
  database: string,
  passwords: LoginPasswords,
): DatabaseUrls {
  const urlOf = (login: keyof typeof LOGINS): string => {
    const url = new URL(withDatabase(adminUrl, database));
    url.username = LOGINS[login];
    url.password = passwords[login];
    return url.href;
  };
  return {
    migrationUrl: urlOf('owner'),
    serviceUrl: urlOf('service'),
    trackerUrl: urlOf('tracker'),
    platformUrl: urlOf('platform'),
  };
}

/** The URL with another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}

async function provisionRoles(adminUrl: string, passwords: LoginPasswords): Promise<void> {
  await asAdmin(adminUrl, async (admin) => {
    // One transaction, and a lock against parallel runs, because CREATE ROLE has no IF NOT EXISTS.
    await admin.query('BEGIN');
    await admin.query("SELECT pg_advisory_xact_lock(hashtext('poc_tracker roles'))");
    for (const login of Object.keys(LOGINS) as (keyof typeof LOGINS)[]) {
      const rights = login === 'owner' ? 'CREATEROLE' : 'NOCREATEROLE';
      await createRole(admin, LOGINS[login], 'NOLOGIN');
      await admin.query(
        `ALTER ROLE ${LOGINS[login]} LOGIN NOSUPERUSER NOCREATEDB ${rights} NOREPLICATION NOBYPASSRLS ` +
          `PASSWORD ${pg.escapeLiteral(passwords[login])}`,
      );
    }
    for (const group of GROUP_ROLES) {
      await createRole(admin, group, 'NOLOGIN');
      // As if the owner had created the role with CREATEROLE: it may grant the group, but does not inherit its rights, so
      // the policies of the group do not apply to it.
      await admin.query(
        `GRANT ${group} TO ${LOGINS.owner} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
      );
    }
    for (const login of Object.keys(MEMBERSHIPS) as (keyof typeof MEMBERSHIPS)[]) {
      await admin.query(`GRANT ${MEMBERSHIPS[login]} TO ${LOGINS[login]}`);
    }
    await admin.query('COMMIT');
  });
}

async function createRole(admin: pg.Client, role: string, attributes: string): Promise<void> {
  const { rowCount } = await admin.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  if (rowCount === 0) await admin.query(`CREATE ROLE ${role} ${attributes}`);
}

async function asAdmin(url: string, work: (admin: pg.Client) => Promise<void>): Promise<void> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
