import {
  asGatekeeper,
  auditTable,
  definerFunction,
  OPERATOR_ROLE,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

const TABLE = `
  CREATE TABLE public.operator_invitations (
    tenant_id uuid NOT NULL
      CONSTRAINT operator_invitations_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    email varchar(255) NOT NULL CONSTRAINT operator_invitations_email_check CHECK (email = lower(email)),
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
     AND o.secret_hash = p_secret_hash AND o.email = lower(p_email)
     AND o.used_at IS NULL AND o.expires_at > now())`,
});

/*
 * Runs with the rights of the caller, to tell who that is. The login of a service is refused, also inside a definer
 * function. The login of the operators passes, and so does the restore of a dump.
 */
const KEEP_PLATFORM_PEOPLE = `
  CREATE FUNCTION public.keep_platform_users() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    IF NOT pg_has_role(current_user, '${OPERATOR_ROLE}', 'USAGE')
       AND EXISTS (SELECT FROM public.tenants WHERE id = NEW.tenant_id AND is_platform) THEN
      RAISE EXCEPTION 'operators are made by the command line alone' USING
        ERRCODE = 'insufficient_privilege', TABLE = 'users',
        CONSTRAINT = CASE TG_OP WHEN 'INSERT' THEN 'users_platform_reserved' ELSE 'users_platform_rights' END;
    END IF;
    RETURN NEW;
  END
  $$;
  REVOKE ALL ON FUNCTION public.keep_platform_users() FROM PUBLIC;
  CREATE TRIGGER users_platform_reserved BEFORE INSERT ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.keep_platform_users();
  CREATE TRIGGER users_platform_rights BEFORE UPDATE ON public.users
    FOR EACH ROW WHEN ((OLD.role, OLD.permissions, OLD.status) IS DISTINCT FROM (NEW.role, NEW.permissions, NEW.status))
    EXECUTE FUNCTION public.keep_platform_users()`;

/**
 * Operators are the users of the platform tenant. Each is created by a one-time secret, and only the login of the
 * operators writes any of it: a service cannot create an operator.
 */
export const OPERATORS: SchemaPart = {
  up: [
    TABLE,
    POLICIES,
    KEEP_PLATFORM_PEOPLE,
    asGatekeeper(OPERATOR_INVITATION_IS_OPEN, auditTable('operator_invitations')),
  ],
  down: [
    'DROP TRIGGER users_platform_reserved ON public.users',
    'DROP TRIGGER users_platform_rights ON public.users',
    'DROP FUNCTION public.keep_platform_users(), public.operator_invitation_is_open(text, bytea)',
    'DROP TABLE public.operator_invitations',
  ],
};
