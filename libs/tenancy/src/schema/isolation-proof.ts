import {
  GATEKEEPER_ROLE,
  OPERATOR_ROLE,
  SERVICE_ROLE,
  TRACKER_ROLE,
} from './row-level-security.js';

type Query = (sql: string, params?: unknown[]) => Promise<Record<string, unknown>[]>;

/** The database does not isolate tenants. `faults` names every table, role, view and function that is wrong. */
export class IsolationProofError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(
      `The database does not isolate tenants:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    this.name = 'IsolationProofError';
  }
}

/**
 * The oldest release of each major version without a known bypass of row-level security, as server_version_num:
 * CVE-2023-2455, CVE-2023-39418, CVE-2024-10976, CVE-2024-10978 and, last of them, CVE-2025-8713 (statistics).
 */
const VERSION_FLOORS: Readonly<Record<number, number>> = { 15: 150_014, 16: 160_010, 17: 170_006 };
const OLDEST_MAJOR = 15;

const APPLICATION_SCHEMAS = `(SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')`;

/**
 * Relation that lists the tenant tables (oid, name, tenant_column) from the catalogue, so that it includes new tables: all
 * tables and partitions with a tenant_id, and `tenants` itself.
 */
export const TENANT_TABLES = `(
  SELECT c.oid, c.oid::regclass::text AS name, CASE WHEN a.attname IS NULL THEN 'id' ELSE 'tenant_id' END AS tenant_column
    FROM pg_class c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
   WHERE c.relkind IN ('r', 'p') AND c.relnamespace IN ${APPLICATION_SCHEMAS}
     AND (a.attname IS NOT NULL OR (c.relname = 'tenants' AND c.relnamespace = 'public'::regnamespace)))`;

const REACHABLE = (oid: string): string => `pg_has_role(session_user, ${oid}, 'MEMBER')`;

const MAY_USE = `(has_any_column_privilege(session_user, c.oid, 'SELECT, INSERT, UPDATE')
  OR has_table_privilege(session_user, c.oid, 'DELETE'))`;

/** The condition of the restrictive policy as PostgreSQL prints it. A policy with another condition does not count. */
const TENANT_CONDITION = `format('(%I = ( SELECT (NULLIF(current_setting(''app.current_tenant_id''::text, true), '''
  '''::text))::uuid AS "nullif"))', t.tenant_column)`;

/** Each query returns one sentence per fault. */
const FAULTS_OF_THE_LOGIN = [
  `SELECT format('role %s: the session came from login %s; log in as the role itself', current_user, session_user)
    WHERE current_user <> session_user`,

  // A member can switch to the role, and CREATEROLE can grant memberships.
  `SELECT format('role %s: %s is, or can become, a role with %s', session_user, rolname,
            concat_ws(', ', CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
              CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolreplication THEN 'REPLICATION' END))
     FROM pg_roles WHERE (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication) AND ${REACHABLE('oid')}`,

  // The login may plant them itself. They would last, and apply to every connection from its start.
  `SELECT format('role %s: has %s as a setting of its own%s; remove it with ALTER ROLE … RESET', session_user, setting,
            CASE WHEN setdatabase <> 0 THEN ' in database ' || current_database() ELSE '' END)
     FROM pg_db_role_setting, unnest(setconfig) setting
    WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = session_user)
      AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))`,

  `SELECT format('role %s: is a member of %s, which reads the server''s files or runs programs', session_user, rolname)
     FROM pg_roles
    WHERE rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
      AND ${REACHABLE('oid')}`,

  `SELECT format('table %s: is owned by %s, which %s is or can become', t.name, c.relowner::regrole, session_user)
     FROM ${TENANT_TABLES} t JOIN pg_class c USING (oid) WHERE ${REACHABLE('c.relowner')}`,

  `SELECT format('schema %s: %s may create objects in it', nspname, session_user)
     FROM pg_namespace n WHERE n.oid IN ${APPLICATION_SCHEMAS} AND has_schema_privilege(session_user, n.oid, 'CREATE')`,

  `SELECT format('table %s: %s holds %s', t.name, session_user, string_agg(privilege, ', '))
     FROM ${TENANT_TABLES} t, unnest(ARRAY['TRUNCATE', 'TRIGGER', 'REFERENCES']) privilege
    WHERE has_table_privilege(session_user, t.oid, privilege) GROUP BY t.name`,

  `SELECT format('table %s: %s may use it, although it has no tenant_id', c.oid::regclass, session_user)
     FROM pg_class c
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace IN ${APPLICATION_SCHEMAS} AND ${MAY_USE}
      AND c.oid NOT IN (SELECT oid FROM ${TENANT_TABLES} t)`,

  `SELECT format('%s %s: %s may read it, and no policy covers it',
            CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END, c.oid::regclass, session_user)
     FROM pg_class c WHERE c.relkind IN ('m', 'f') AND c.relnamespace IN ${APPLICATION_SCHEMAS} AND ${MAY_USE}`,
];

/** The tables that match `where` and do not restrict the role to its tenant. */
function withoutTenantPolicy(role: string, where: string): string {
  return `SELECT format('table %s: has no restrictive policy that limits ${role} to its tenant', t.name)
     FROM ${TENANT_TABLES} t JOIN pg_class c USING (oid)
    WHERE ${where} AND NOT EXISTS (
      SELECT FROM pg_policy p
       WHERE p.polrelid = t.oid AND NOT p.polpermissive AND p.polcmd = '*'
         AND p.polroles && ARRAY[0, (SELECT oid FROM pg_roles WHERE rolname = '${role}')]::oid[]
         AND pg_get_expr(p.polqual, t.oid) = ${TENANT_CONDITION}
         AND coalesce(pg_get_expr(p.polwithcheck, t.oid), pg_get_expr(p.polqual, t.oid)) = ${TENANT_CONDITION})`;
}

const FAULTS_OF_THE_SCHEMA = [
  `SELECT 'table tenants: is missing; run the migrations' 
    WHERE NOT EXISTS (SELECT FROM ${TENANT_TABLES} t WHERE t.tenant_column = 'id')`,

  `SELECT format('table %s: row-level security is not %s', t.name,
            CASE WHEN c.relrowsecurity THEN 'forced' ELSE 'enabled' END)
     FROM ${TENANT_TABLES} t JOIN pg_class c USING (oid) WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity)`,

  withoutTenantPolicy(SERVICE_ROLE, 'true'),

  `SELECT format('table %s: policy %s applies to every role', t.name, p.polname)
     FROM ${TENANT_TABLES} t JOIN pg_policy p ON p.polrelid = t.oid
    WHERE p.polpermissive AND 0 = ANY (p.polroles)`,

  `SELECT format('view %s: is not security_invoker, so it reads with its owner''s rights', c.oid::regclass)
     FROM pg_class c
    WHERE c.relkind = 'v' AND c.relnamespace IN ${APPLICATION_SCHEMAS}
      AND NOT coalesce((SELECT option_value::boolean FROM pg_options_to_table(c.reloptions)
                         WHERE option_name = 'security_invoker'), false)`,

  `SELECT format('function %s: is SECURITY DEFINER with the rights of %s, not of ${GATEKEEPER_ROLE}',
            p.oid::regprocedure, p.proowner::regrole)
     FROM pg_proc p
    WHERE p.prosecdef AND p.pronamespace IN ${APPLICATION_SCHEMAS}
      AND p.proowner IS DISTINCT FROM (SELECT oid FROM pg_roles WHERE rolname = '${GATEKEEPER_ROLE}')`,

  `SELECT format('function %s: is SECURITY DEFINER without a search_path of its own', p.oid::regprocedure)
     FROM pg_proc p
    WHERE p.prosecdef AND p.pronamespace IN ${APPLICATION_SCHEMAS}
      AND NOT EXISTS (SELECT FROM unnest(p.proconfig) setting WHERE setting LIKE 'search_path=%')`,

  `SELECT format('function %s: is SECURITY DEFINER and PUBLIC may execute it', p.oid::regprocedure)
     FROM pg_proc p
    WHERE p.prosecdef AND p.pronamespace IN ${APPLICATION_SCHEMAS}
      AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) WHERE grantee = 0)`,
];

/** Group roles that a login must be a member of, and must not. */
const MEMBERSHIPS = {
  service: { inside: SERVICE_ROLE, outside: [OPERATOR_ROLE, GATEKEEPER_ROLE] },
  tracker: { inside: TRACKER_ROLE, outside: [SERVICE_ROLE, OPERATOR_ROLE, GATEKEEPER_ROLE] },
  platform: { inside: OPERATOR_ROLE, outside: [GATEKEEPER_ROLE] },
} as const;

/** The login to check. */
export type ProvenLogin = keyof typeof MEMBERSHIPS;

/**
 * Checks in the catalogue, as the login that will be used, that row-level security is in force and that this login cannot
 * bypass it. Call it before the first request. It only reads.
 * @throws IsolationProofError that names every table, role, view and function that is wrong.
 */
export async function proveIsolation(query: Query, expect: { login: ProvenLogin }): Promise<void> {
  const faults = await faultsOfTheServer(query);
  faults.push(...(await faultsOfMembership(query, MEMBERSHIPS[expect.login])));
  const ofItsTables =
    expect.login === 'tracker' ? [withoutTenantPolicy(TRACKER_ROLE, MAY_USE)] : [];
  for (const sql of [...FAULTS_OF_THE_LOGIN, ...FAULTS_OF_THE_SCHEMA, ...ofItsTables]) {
    const rows = await query(sql);
    faults.push(...rows.flatMap((row) => Object.values(row).map(String)));
  }
  if (faults.length > 0) throw new IsolationProofError(faults);
}

async function faultsOfTheServer(query: Query): Promise<string[]> {
  const [row] = await query(
    `SELECT current_setting('server_version_num')::int AS number, version() AS name`,
  );
  const version = Number(row?.['number']);
  const major = Math.floor(version / 10_000);
  if (major >= OLDEST_MAJOR && version >= (VERSION_FLOORS[major] ?? 0)) return [];
  const floors = Object.values(VERSION_FLOORS).map(
    (floor) => `${Math.floor(floor / 10_000)}.${floor % 10_000}`,
  );
  return [
    `server: ${String(row?.['name'])} has known bypasses of row-level security; ` +
      `the oldest supported releases are ${floors.join(', ')} and 18`,
  ];
}

async function faultsOfMembership(
  query: Query,
  expected: { inside: string; outside: readonly string[] },
): Promise<string[]> {
  const rows = await query(
    `SELECT session_user::text AS login,
            array(SELECT rolname::text FROM pg_roles WHERE rolname = ANY ($1) AND ${REACHABLE('oid')}) AS roles`,
    [[expected.inside, ...expected.outside]],
  );
  const login = String(rows[0]?.['login']);
  const roles = (rows[0]?.['roles'] ?? []) as string[];
  return [
    ...(roles.includes(expected.inside)
      ? []
      : [`role ${login}: is not a member of ${expected.inside}`]),
    ...expected.outside
      .filter((role) => roles.includes(role))
      .map((role) => `role ${login}: is a member of ${role}`),
  ];
}
