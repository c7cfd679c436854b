import {
  asGatekeeper,
  definerFunction,
  dropTriggers,
  OPERATOR_ROLE,
  type SchemaPart,
} from '@poc-tracker/tenancy';

/*
 * Refuses the login of a service, also inside a definer function. The login of the operators passes, and so does the
 * restore of a dump. They are recognized by the login and not by the current role, which is the owner of the table when a
 * row is deleted together with its user or its tenant. The tables of the tracker have triggers of this function as well.
 */
const KEEP_PLATFORM_TENANT = definerFunction({
  signature: 'keep_platform_tenant()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  tenant uuid;
BEGIN
  IF TG_TABLE_NAME = 'tenants' THEN
    tenant := OLD.id;
  ELSIF TG_OP = 'DELETE' THEN
    tenant := OLD.tenant_id;
  ELSE
    tenant := NEW.tenant_id;
  END IF;
  IF NOT pg_has_role(session_user, '${OPERATOR_ROLE}', 'USAGE')
     AND EXISTS (SELECT FROM public.tenants t WHERE t.id = tenant AND t.is_platform) THEN
    RAISE EXCEPTION 'a service does not write the platform tenant' USING
      ERRCODE = 'insufficient_privilege', TABLE = TG_TABLE_NAME,
      CONSTRAINT = CASE TG_NAME WHEN 'users_platform_reserved' THEN TG_NAME ELSE 'platform_tenant_reserved' END;
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NEW;
END`,
});

const isAnotherUser = (column: string): string =>
  `NEW.${column} IS DISTINCT FROM nullif(current_setting('app.current_user_id', true), '')::uuid`;

interface Trigger {
  table: string;
  name: string;
  events: string;
  when?: string;
}

/** Tables that a service writes in no way in the platform tenant. */
const CLOSED_TABLES = [
  'tenant_settings',
  'tenant_domains',
  'tenant_roles',
  'invites',
  'invite_links',
];

/*
 * Operators log in, and change their own profile, password and sessions. Everything else about them, and whatever could
 * lead to another operator, is refused: "operators revoke" must find every operator, under the address of their
 * invitation.
 */
const TRIGGERS: Trigger[] = [
  { table: 'users', name: 'users_platform_reserved', events: 'INSERT' },
  {
    table: 'users',
    name: 'users_platform_rights',
    events: 'UPDATE',
    when: `(OLD.email, OLD.role, OLD.permissions, OLD.status, OLD.custom_role_id)
        IS DISTINCT FROM (NEW.email, NEW.role, NEW.permissions, NEW.status, NEW.custom_role_id)
      OR ${isAnotherUser('id')}`,
  },
  { table: 'users', name: 'users_platform_on_delete', events: 'DELETE' },
  {
    table: 'user_sessions',
    name: 'user_sessions_platform',
    events: 'UPDATE',
    when: isAnotherUser('user_id'),
  },
  { table: 'tenants', name: 'tenants_platform', events: 'UPDATE', when: 'OLD.is_platform' },
  ...CLOSED_TABLES.map((table) => ({
    table,
    name: `${table}_platform`,
    events: 'INSERT OR UPDATE OR DELETE',
  })),
];

function createTrigger({ table, name, events, when }: Trigger): string {
  return `CREATE TRIGGER ${name} BEFORE ${events} ON public.${table}
    FOR EACH ROW ${when === undefined ? '' : `WHEN (${when})`} EXECUTE FUNCTION public.keep_platform_tenant()`;
}

const CREATE_TRIGGERS = TRIGGERS.map(createTrigger);

/** The platform tenant is no customer: only the login of the operators changes it. */
export const PLATFORM_TENANT: SchemaPart = {
  up: [asGatekeeper(KEEP_PLATFORM_TENANT, ...CREATE_TRIGGERS)],
  down: [...CREATE_TRIGGERS.flatMap(dropTriggers), 'DROP FUNCTION public.keep_platform_tenant()'],
};
