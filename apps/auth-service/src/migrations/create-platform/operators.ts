import {
  asGatekeeper,
  auditTable,
  definerFunction,
  OPERATOR_ROLE,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { isStoredEmail } from '../create-roles-and-context/stored-email.js';

const TABLE = `
  CREATE TABLE public.operator_invitations (
    tenant_id uuid NOT NULL
      CONSTRAINT operator_invitations_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    email varchar(255) NOT NULL CONSTRAINT operator_invitations_email_check CHECK (${isStoredEmail('email')}),
    -- SHA-256. The secret holds 256 random bits, so a slow hash would add nothing.
    secret_hash bytea NOT NULL
      CONSTRAINT operator_invitations_secret_hash_check CHECK (octet_length(secret_hash) = 32),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT operator_invitations_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT operator_invitations_secret_hash_key UNIQUE (tenant_id, secret_hash)
  )`;

const POLICIES = protectTenantTable({
  table: 'operator_invitations',
  policies: {},
  gatekeeper: { select: true },
});

/*
 * Checked for the holder of a secret, before an expensive hash and before a connection of the operators' login is used.
 * It is a pre-check only: the activation checks the invitation again.
 */
const OPERATOR_INVITATION_IS_OPEN = definerFunction({
  signature: 'operator_invitation_is_open(p_email text, p_secret_hash bytea)',
  returns: 'boolean',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT EXISTS (
  SELECT FROM public.operator_invitations o
   WHERE o.tenant_id = (SELECT t.id FROM public.tenants t WHERE t.is_platform)
     AND o.secret_hash = p_secret_hash AND o.email = p_email
     AND o.used_at IS NULL AND o.expires_at > now())`,
});

/*
 * Runs with the rights of the caller, to see who that is. The login of a service is refused, also inside a definer
 * function. The login of the operators passes, and so does the restore of a dump.
 */
const KEEP_PLATFORM_USERS = `
  CREATE FUNCTION public.keep_platform_users() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    tenant uuid;
  BEGIN
    IF TG_OP = 'DELETE' THEN
      tenant := OLD.tenant_id;
    ELSE
      tenant := NEW.tenant_id;
    END IF;
    IF NOT pg_has_role(current_user, '${OPERATOR_ROLE}', 'USAGE')
       AND EXISTS (SELECT FROM public.tenants WHERE id = tenant AND is_platform) THEN
      RAISE EXCEPTION 'operators are managed with the command line only' USING
        ERRCODE = 'insufficient_privilege', TABLE = TG_TABLE_NAME,
        CONSTRAINT = CASE TG_NAME WHEN 'users_platform_reserved' THEN TG_NAME ELSE 'users_platform_rights' END;
    END IF;
    IF TG_OP = 'DELETE' THEN
      RETURN OLD;
    END IF;
    RETURN NEW;
  END
  $$;
  REVOKE ALL ON FUNCTION public.keep_platform_users() FROM PUBLIC`;

/*
 * Operators log in, and change their own profile and password. Everything else about them, and whatever could lead to
 * another operator, is refused: "operators revoke" must find every operator, under the address of their invitation.
 */
const TRIGGERS = `
  CREATE TRIGGER users_platform_reserved BEFORE INSERT ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.keep_platform_users();
  CREATE TRIGGER users_platform_rights BEFORE UPDATE ON public.users
    FOR EACH ROW WHEN (
      (OLD.email, OLD.role, OLD.permissions, OLD.status, OLD.custom_role_id)
        IS DISTINCT FROM (NEW.email, NEW.role, NEW.permissions, NEW.status, NEW.custom_role_id)
      OR NEW.id IS DISTINCT FROM nullif(current_setting('app.current_user_id', true), '')::uuid)
    EXECUTE FUNCTION public.keep_platform_users();
  CREATE TRIGGER users_platform_on_delete BEFORE DELETE ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.keep_platform_users();
  CREATE TRIGGER tenant_roles_platform BEFORE INSERT OR UPDATE OR DELETE ON public.tenant_roles
    FOR EACH ROW EXECUTE FUNCTION public.keep_platform_users();
  CREATE TRIGGER invites_platform BEFORE INSERT OR UPDATE OR DELETE ON public.invites
    FOR EACH ROW EXECUTE FUNCTION public.keep_platform_users();
  CREATE TRIGGER invite_links_platform BEFORE INSERT OR UPDATE OR DELETE ON public.invite_links
    FOR EACH ROW EXECUTE FUNCTION public.keep_platform_users()`;

const TRIGGERS_BY_TABLE = [
  ['users', 'users_platform_reserved'],
  ['users', 'users_platform_rights'],
  ['users', 'users_platform_on_delete'],
  ['tenant_roles', 'tenant_roles_platform'],
  ['invites', 'invites_platform'],
  ['invite_links', 'invite_links_platform'],
] as const;

/**
 * Operators are the users of the platform tenant. Each is created by a one-time secret, and only the login of the
 * operators writes any of it: a service cannot create an operator.
 */
export const OPERATORS: SchemaPart = {
  up: [
    TABLE,
    POLICIES,
    KEEP_PLATFORM_USERS,
    TRIGGERS,
    asGatekeeper(OPERATOR_INVITATION_IS_OPEN, auditTable('operator_invitations')),
  ],
  down: [
    ...TRIGGERS_BY_TABLE.map(([table, name]) => `DROP TRIGGER ${name} ON public.${table}`),
    'DROP FUNCTION public.keep_platform_users(), public.operator_invitation_is_open(text, bytea)',
    'DROP TABLE public.operator_invitations',
  ],
};
