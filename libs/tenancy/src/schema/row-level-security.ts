import { CURRENT_TENANT } from './context-settings.js';

/**
 * The SQL that puts a table under row-level security, the same for every tenant table of every service.
 *
 * The policies of each role:
 * - `authenticated_user` (the service's login): a RESTRICTIVE tenant policy, which no permissive policy added later can
 *   widen, and one permissive policy per command;
 * - the role of another service (`grantRole`): a RESTRICTIVE tenant policy as well, and the commands that it needs;
 * - `super_admin` (the operators' login): a permissive policy and no tenant policy, because an `OR` in the tenant policy
 *   could be forged and would prevent the use of indexes;
 * - `tenant_gatekeeper` (no login): the columns that its SECURITY DEFINER functions need;
 * - the owner: no policy, and FORCE, so it sees no rows.
 *
 * Released migrations depend on the exact SQL of these functions, and a test compares its checksum. To change what a
 * function emits, add a new version of it and use that in new migrations.
 */

/** Role of the service's login: sees the rows of one tenant. */
export const SERVICE_ROLE = 'authenticated_user';

/**
 * Role of the tracker's login: sees the POCs of one tenant and nothing of its users. An attacker who takes over the tracker
 * therefore can neither read password hashes nor revoke sessions.
 */
export const TRACKER_ROLE = 'tracker_user';

/** Role of the operators' login: sees every tenant. */
export const OPERATOR_ROLE = 'super_admin';

/** Role that owns the SECURITY DEFINER functions; no login may be a member. */
export const GATEKEEPER_ROLE = 'tenant_gatekeeper';

export type Command = 'select' | 'insert' | 'update' | 'delete';

/** A role's right to one command: on the whole table, or on the named columns alone. */
type Grant = true | readonly string[];

export interface TenantTable {
  /** Name in schema public. */
  table: string;
  /** Column that holds the tenant; default `tenant_id`. */
  tenantColumn?: string;
  /** Condition of each command of the service, in addition to its tenant. A command without a condition is not granted. */
  policies: Partial<Record<Command, string>>;
  /** Columns that the service and the operators may use, per command; default the whole table. */
  columns?: Partial<Record<Command, readonly string[]>>;
  /** Commands of the operators; default all four. */
  operators?: readonly Command[];
  /** What the definer functions need. Their policies are `true`, because the functions themselves check the access. */
  gatekeeper?: Partial<Record<Command, Grant>>;
}

const COMMANDS: readonly Command[] = ['select', 'insert', 'update', 'delete'];

/**
 * Statements that enable and force row-level security on a table, create its policies and grant the commands. The owner runs
 * them once after CREATE TABLE. DROP TABLE undoes them.
 */
export function protectTenantTable(definition: TenantTable): string {
  const {
    table,
    tenantColumn = 'tenant_id',
    policies,
    columns = {},
    operators = COMMANDS,
  } = definition;
  const gatekeeper = definition.gatekeeper ?? {};
  const inTenant = `${tenantColumn} = ${CURRENT_TENANT}`;
  return [
    `ALTER TABLE public.${table} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE public.${table} FORCE ROW LEVEL SECURITY`,
    `CREATE POLICY ${table}_tenant_isolation ON public.${table} AS RESTRICTIVE FOR ALL TO ${SERVICE_ROLE}
       USING (${inTenant}) WITH CHECK (${inTenant})`,
    ...COMMANDS.flatMap((command) => [
      ...permit(table, command, SERVICE_ROLE, policies[command], columns[command] ?? true),
      ...permit(
        table,
        command,
        OPERATOR_ROLE,
        operators.includes(command) ? 'true' : undefined,
        columns[command] ?? true,
      ),
      ...permit(
        table,
        command,
        GATEKEEPER_ROLE,
        command in gatekeeper ? 'true' : undefined,
        gatekeeper[command] ?? true,
      ),
    ]),
  ].join(';\n');
}

/**
 * Statements that grant the role of another service access to a protected table, limited to its tenant by a restrictive
 * policy. `revokeRole` undoes them.
 */
export function grantRole(
  role: string,
  {
    table,
    tenantColumn = 'tenant_id',
    policies,
    columns = {},
  }: Pick<TenantTable, 'table' | 'tenantColumn' | 'policies' | 'columns'>,
): string {
  const inTenant = `${tenantColumn} = ${CURRENT_TENANT}`;
  return [
    `CREATE POLICY ${table}_tenant_isolation_${role} ON public.${table} AS RESTRICTIVE FOR ALL TO ${role}
       USING (${inTenant}) WITH CHECK (${inTenant})`,
    ...COMMANDS.flatMap((command) =>
      permit(table, command, role, policies[command], columns[command] ?? true),
    ),
  ].join(';\n');
}

/** Statements that undo `grantRole` for these commands. */
export function revokeRole(role: string, table: string, commands: readonly Command[]): string {
  return [
    ...commands.map((command) => `DROP POLICY ${table}_${command}_${role} ON public.${table}`),
    `DROP POLICY ${table}_tenant_isolation_${role} ON public.${table}`,
    `REVOKE ALL ON public.${table} FROM ${role}`,
  ].join(';\n');
}

/** One permissive policy and the grant that goes with it; nothing without a condition. */
function permit(
  table: string,
  command: Command,
  role: string,
  condition: string | undefined,
  grant: Grant,
): string[] {
  if (condition === undefined) return [];
  const clauses = {
    select: ['USING'],
    insert: ['WITH CHECK'],
    update: ['USING', 'WITH CHECK'],
    delete: ['USING'],
  }[command];
  const columns = grant === true || command === 'delete' ? '' : ` (${grant.join(', ')})`;
  return [
    `CREATE POLICY ${table}_${command}_${role} ON public.${table} AS PERMISSIVE FOR ${command} TO ${role}
       ${clauses.map((clause) => `${clause} (${condition})`).join(' ')}`,
    `GRANT ${command}${columns} ON public.${table} TO ${role}`,
  ];
}

export interface DefinerFunction {
  /** Name and parameters, as CREATE FUNCTION takes them. */
  signature: string;
  /** What follows RETURNS. */
  returns: string;
  language: 'sql' | 'plpgsql';
  volatility?: 'stable' | 'volatile';
  /** Roles that may call it. A trigger function needs none. */
  callers?: readonly string[];
  body: string;
}

/**
 * Statements that create a SECURITY DEFINER function owned by tenant_gatekeeper. PUBLIC may not call it, and its search_path
 * is the system catalogue (CVE-2018-1058), so that all other names in the body must be qualified. Run them in
 * `asGatekeeper`.
 */
export function definerFunction(definition: DefinerFunction): string {
  const { signature, returns, language, volatility = 'volatile', callers = [], body } = definition;
  const identity = `public.${signature.slice(0, signature.indexOf('('))}`;
  return [
    `CREATE FUNCTION public.${signature} RETURNS ${returns} LANGUAGE ${language} ${volatility}
       SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$\n${body.trim()}\n$body$`,
    `REVOKE ALL ON FUNCTION ${identity} FROM PUBLIC`,
    ...callers.map((role) => `GRANT EXECUTE ON FUNCTION ${identity} TO ${role}`),
    `ALTER FUNCTION ${identity} OWNER TO ${GATEKEEPER_ROLE}`,
  ].join(';\n');
}

/**
 * Wraps statements that create, drop or attach functions of the gatekeeper. To change the owner of a function, the current
 * owner must be a member of tenant_gatekeeper, which must be allowed to create objects in the schema. Both are revoked
 * afterwards, because a lasting membership would apply the gatekeeper's policies to the owner. Run it in one transaction, so
 * that a failure undoes both.
 */
export function asGatekeeper(...statements: string[]): string {
  return [
    // Before PostgreSQL 16 a membership has no options of its own.
    `DO $grant$ BEGIN
       EXECUTE 'GRANT ${GATEKEEPER_ROLE} TO CURRENT_USER'
         || CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END;
     END $grant$`,
    `GRANT CREATE ON SCHEMA public TO ${GATEKEEPER_ROLE}`,
    ...statements,
    `REVOKE CREATE ON SCHEMA public FROM ${GATEKEEPER_ROLE}`,
    `REVOKE ${GATEKEEPER_ROLE} FROM CURRENT_USER`,
  ].join(';\n');
}
