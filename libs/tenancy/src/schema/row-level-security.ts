import { CURRENT_TENANT } from './context-settings.js';

/**
 * The SQL that puts a table under row-level security, the same for every tenant table of every service.
 *
 * Who passes which policy:
 * - `authenticated_user` (the services' logins): the RESTRICTIVE tenant policy, which no permissive policy
 *   added later can widen, and then one permissive policy per command;
 * - a sibling's own role (`admitRole`): a RESTRICTIVE tenant policy of the same kind, and the commands that it needs;
 * - `super_admin` (the operators' login): a permissive policy of its own and no tenant policy, because an `OR`
 *   inside the tenant policy would be forgeable and would cost every query its index;
 * - `tenant_gatekeeper` (nobody's login): what the SECURITY DEFINER functions that it owns need, column by column;
 * - the owner: no policy at all, and FORCE, hence no rows.
 *
 * Released migrations depend on the exact SQL of these functions, and a test compares its checksum. To change what a
 * function emits, add a new version of it and use that in new migrations.
 */

/** Role of the services' logins: sees the rows of one tenant. */
export const SERVICE_ROLE = 'authenticated_user';

/**
 * Role of the tracker's login: sees the POCs of one tenant and nothing of its people. A role of its own, so that whoever
 * takes over the tracker holds no password hash and ends no session.
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
  /** Condition, per command, that a service's statement must meet inside its tenant. No entry, no grant. */
  policies: Partial<Record<Command, string>>;
  /** Columns that the service and the operators are held to, per command; default the whole table. */
  columns?: Partial<Record<Command, readonly string[]>>;
  /** Commands of the operators; default all four. */
  operators?: readonly Command[];
  /** What the definer functions need. Their policies say `true`: the functions themselves are the condition. */
  gatekeeper?: Partial<Record<Command, Grant>>;
}

const COMMANDS: readonly Command[] = ['select', 'insert', 'update', 'delete'];

/**
 * Statements that enable and force row-level security on a table, create its policies and grant what these allow.
 * To be run once, by the owner, after CREATE TABLE. DROP TABLE undoes them.
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
 * Statements that let the role of a sibling service's login at a protected table, held to its tenant by a restrictive
 * policy of its own. `dismissRole` undoes them.
 */
export function admitRole(
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

/** Statements that take back what `admitRole` gave for these commands. */
export function dismissRole(role: string, table: string, commands: readonly Command[]): string {
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
 * Statements that create a SECURITY DEFINER function owned by tenant_gatekeeper: search_path pinned to the
 * system catalogue (CVE-2018-1058), so that every other name in the body must be qualified, and not callable
 * by PUBLIC. To be run inside `asGatekeeper`.
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
 * Wraps statements that create, drop or attach the gatekeeper's functions: to hand a function over the owner must be
 * a member of tenant_gatekeeper, and tenant_gatekeeper must be able to create in the schema. Both last for these
 * statements only: a lasting membership would apply the gatekeeper's policies to the owner. Must run
 * inside one transaction, so that a failure leaves neither behind.
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

/** Statement that records every change of a table's rows in audit_log. To be run inside `asGatekeeper`. */
export function auditTable(table: string): string {
  return `CREATE TRIGGER ${table}_audit AFTER INSERT OR UPDATE OR DELETE ON public.${table}
    FOR EACH ROW EXECUTE FUNCTION public.audit_tenant_access()`;
}
