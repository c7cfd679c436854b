import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** The logins of the services; roles belong to the whole server, not to one database. */
export const LOGINS = {
  owner: 'poc_tracker_owner',
  service: 'poc_tracker_service',
  tracker: 'poc_tracker_tracker',
  platform: 'poc_tracker_platform',
} as const;

/** Roles that hold rights and policies; nobody logs in as one. */
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
  /** The owner: runs migrations, sees no tenant's rows, is neither superuser nor exempt from row security. */
  migrationUrl: string;
  /** What the service logs in as: a member of authenticated_user. */
  serviceUrl: string;
  /** What the tracker, the sibling service, logs in as: a member of tracker_user. */
  trackerUrl: string;
  /** What operators log in as: a member of super_admin. */
  platformUrl: string;
}

export function generateLoginPasswords(): LoginPasswords {
  const random = (): string => randomBytes(24).toString('base64url');
  return { owner: random(), service: random(), tracker: random(), platform: random() };
}

/**
 * Makes the database, the logins and the group roles where they are missing, and sets the logins' passwords: to the
 * given ones, or to new random ones. Running it again changes nothing else, so an interrupted run can be repeated.
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

/** Makes a database of the owner that only these logins may enter; a copy of `template` when one is named. */
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
  });
}

/** The logins' URLs of one database on the server that `adminUrl` names. */
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

/** The same server and login, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}

async function provisionRoles(adminUrl: string, passwords: LoginPasswords): Promise<void> {
  await asAdmin(adminUrl, async (admin) => {
    // One transaction, and a lock against a second run: CREATE ROLE knows no IF NOT EXISTS.
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
      // What a role with CREATEROLE gets when it makes a role itself: it may grant the group, but is no member that
      // inherits, so the group's policies do not open rows to it.
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
