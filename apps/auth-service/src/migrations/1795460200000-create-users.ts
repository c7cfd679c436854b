import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  CURRENT_USER_ROLE,
  definerFunction,
  protectTenantTable,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

const IS_SELF = `id = ${CURRENT_USER_ID}`;
const SEES_COLLEAGUES = `${CURRENT_USER_ROLE} IN ('viewer', 'user')`;
const SEES_EVERYBODY = `${CURRENT_USER_ROLE} IN ('manager', 'admin')`;
/** Nobody writes a person who stands, or would then stand, above them. */
const MAY_WRITE = `${CURRENT_USER_ROLE} = 'admin' OR (${CURRENT_USER_ROLE} = 'manager' AND role <> 'admin')`;

const PROFILE = [
  'email',
  'email_verified_at',
  'first_name',
  'last_name',
  'avatar_url',
  'timezone',
  'locale',
];
const RIGHTS = ['role', 'permissions', 'status'];
const LOG_IN = ['last_login_at', 'login_count'];
const RECORD = ['tenant_id', 'id', 'created_at', 'updated_at', 'created_by'];

/** People, who may see and write them, and the seats and the last admin of a tenant. */
export class CreateUsers1795460200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLE);
    await runner.query(
      protectTenantTable({
        table: 'users',
        policies: {
          select: `(${SEES_COLLEAGUES} AND status = 'active') OR ${IS_SELF} OR ${SEES_EVERYBODY}`,
          // A person who registers writes the own row, with the role that the transaction was given.
          insert: `(${IS_SELF} AND role = ${CURRENT_USER_ROLE}) OR ${MAY_WRITE}`,
          update: `${IS_SELF} OR ${MAY_WRITE}`,
          delete: MAY_WRITE,
        },
        columns: {
          // Not password_hash: find_credentials alone reads it.
          select: [...RECORD, ...PROFILE, ...RIGHTS, ...LOG_IN],
          update: ['password_hash', 'updated_at', ...PROFILE, ...RIGHTS, ...LOG_IN],
        },
        gatekeeper: { select: ['tenant_id', 'id', 'email', 'password_hash', ...RIGHTS] },
      }),
    );
    await runner.query(
      asGatekeeper(
        FIND_CREDENTIALS,
        VALIDATE_TENANT_ACCESS,
        COUNT_TENANT_USERS,
        KEEP_OWN_RIGHTS,
        KEEP_LAST_ADMIN,
        TRIGGERS,
      ),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE public.users;
      DROP FUNCTION public.find_credentials(text), public.validate_tenant_access(uuid, uuid),
        public.count_tenant_users(), public.keep_own_rights(), public.keep_last_admin()`);
  }
}

const TABLE = `
  CREATE TABLE public.users (
    tenant_id uuid NOT NULL CONSTRAINT users_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    email varchar(255) NOT NULL CONSTRAINT users_email_check CHECK (email = lower(email)),
    -- Against a password stored as it came.
    password_hash text NOT NULL CONSTRAINT users_password_hash_check CHECK (password_hash LIKE '$argon2id$%'),
    email_verified_at timestamptz,
    first_name varchar(100),
    last_name varchar(100),
    avatar_url varchar(500),
    timezone varchar(64) NOT NULL DEFAULT 'America/Sao_Paulo',
    locale text NOT NULL DEFAULT 'pt-BR' CONSTRAINT users_locale_check CHECK (locale IN ('pt-BR', 'en-US')),
    role text NOT NULL DEFAULT 'user'
      CONSTRAINT users_role_check CHECK (role IN ('admin', 'manager', 'user', 'viewer')),
    permissions jsonb NOT NULL DEFAULT '[]'
      CONSTRAINT users_permissions_check CHECK (jsonb_typeof(permissions) = 'array'),
    status text NOT NULL DEFAULT 'active'
      CONSTRAINT users_status_check CHECK (status IN ('active', 'inactive', 'suspended')),
    last_login_at timestamptz,
    login_count integer NOT NULL DEFAULT 0 CONSTRAINT users_login_count_check CHECK (login_count >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    created_by uuid,
    CONSTRAINT users_pkey PRIMARY KEY (tenant_id, id),
    -- With tenant_id: unique across tenants would tell one tenant who is in another.
    CONSTRAINT users_tenant_email_key UNIQUE (tenant_id, email),
    CONSTRAINT users_created_by_fkey FOREIGN KEY (tenant_id, created_by)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (created_by)
  );
  CREATE INDEX users_tenant_role_idx ON public.users (tenant_id, role);
  CREATE INDEX users_tenant_status_idx ON public.users (tenant_id, status);
  -- For the foreign key: without it, deleting a person reads the whole tenant.
  CREATE INDEX users_created_by_idx ON public.users (tenant_id, created_by) WHERE created_by IS NOT NULL`;

export const FIND_CREDENTIALS = definerFunction({
  signature: 'find_credentials(p_email text)',
  returns: 'TABLE (id uuid, password_hash text, status text, role text, permissions jsonb)',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT u.id, u.password_hash, u.status, u.role, u.permissions
  FROM public.users u
 WHERE u.tenant_id = ${CURRENT_TENANT} AND u.email = lower(p_email)`,
});

const VALIDATE_TENANT_ACCESS = definerFunction({
  signature: 'validate_tenant_access(p_user uuid, p_tenant uuid)',
  returns: 'boolean',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT EXISTS (
  SELECT FROM public.users u
    JOIN public.tenants t ON t.id = u.tenant_id
   WHERE u.tenant_id = p_tenant AND u.id = p_user AND u.status = 'active'
     AND t.status = 'active' AND t.deleted_at IS NULL)`,
});

const COUNT_TENANT_USERS = definerFunction({
  signature: 'count_tenant_users()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM public.add_tenant_usage(NEW.tenant_id, 1, 0, 0);
  ELSE
    PERFORM public.add_tenant_usage(OLD.tenant_id, -1, 0, 0);
  END IF;
  RETURN NULL;
END`,
});

/* Reads the context alone, hence needs no rights of anybody else. */
const KEEP_OWN_RIGHTS = `
  CREATE FUNCTION public.keep_own_rights() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    IF NEW.id = ${CURRENT_USER_ID} THEN
      RAISE EXCEPTION 'nobody changes their own rights' USING
        ERRCODE = 'insufficient_privilege', TABLE = 'users', CONSTRAINT = 'users_own_role_fixed';
    END IF;
    RETURN NEW;
  END
  $$;
  REVOKE ALL ON FUNCTION public.keep_own_rights() FROM PUBLIC`;

/*
 * After the row, so that a statement that demotes several is judged by its outcome. The lock on the tenant's usage
 * comes first: of two admins who demote each other at once, the second one waits and then sees the first one's
 * result.
 */
const KEEP_LAST_ADMIN = definerFunction({
  signature: 'keep_last_admin()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  PERFORM FROM public.tenant_usage WHERE tenant_id = OLD.tenant_id FOR UPDATE;
  -- Without the row the tenant itself is being deleted, and its last admin with it.
  IF FOUND
     AND EXISTS (SELECT FROM public.tenants WHERE id = OLD.tenant_id)
     AND NOT EXISTS (
       SELECT FROM public.users WHERE tenant_id = OLD.tenant_id AND role = 'admin' AND status = 'active') THEN
    RAISE EXCEPTION 'the last active admin of a tenant stays' USING
      ERRCODE = 'check_violation', TABLE = 'users', CONSTRAINT = 'users_last_admin_stays';
  END IF;
  RETURN NULL;
END`,
});

export const OWN_RIGHTS_TRIGGER = `CREATE TRIGGER users_own_rights BEFORE UPDATE ON public.users
    FOR EACH ROW WHEN ((OLD.role, OLD.permissions, OLD.status) IS DISTINCT FROM (NEW.role, NEW.permissions, NEW.status))
    EXECUTE FUNCTION public.keep_own_rights()`;

const TRIGGERS = `
  CREATE TRIGGER users_updated_at BEFORE UPDATE ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at();
  CREATE TRIGGER users_usage AFTER INSERT OR DELETE ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.count_tenant_users();
  ${OWN_RIGHTS_TRIGGER};
  CREATE TRIGGER users_last_admin AFTER UPDATE ON public.users
    FOR EACH ROW WHEN (OLD.role = 'admin' AND OLD.status = 'active' AND (NEW.role <> 'admin' OR NEW.status <> 'active'))
    EXECUTE FUNCTION public.keep_last_admin();
  CREATE TRIGGER users_last_admin_deleted AFTER DELETE ON public.users
    FOR EACH ROW WHEN (OLD.role = 'admin' AND OLD.status = 'active')
    EXECUTE FUNCTION public.keep_last_admin()`;
