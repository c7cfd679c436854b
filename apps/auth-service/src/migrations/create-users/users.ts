import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  CURRENT_USER_ROLE,
  definerFunction,
  hasPermission,
  isWithinOwnRank,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { EMAIL_KEY_COLUMN } from '../create-roles-and-context/stored-email.js';

const IS_SELF = `id = ${CURRENT_USER_ID}`;
/** Users without `manage_users` know their colleagues by list_colleagues() only. */
const HAS_ROLE = `${CURRENT_USER_ROLE} IN ('viewer', 'user', 'manager', 'admin')`;
const MANAGES_USERS = hasPermission('manage_users');
/** Checked against the row before and after the change: no user changes one above their role, or raises one above it. */
const MAY_WRITE = `${MANAGES_USERS} AND ${isWithinOwnRank('role')}`;
/** The role of an accepted invitation, or that of the first admin of a new tenant. */
const REGISTERS = `${IS_SELF} AND (role = coalesce((select public.invited_role()), 'user')
  OR (role = 'admin' AND (select public.is_new_tenant())))`;

/*
 * The search columns exist because LIKE and lower() are not leakproof: under a policy PostgreSQL uses neither as an
 * index condition. A comparison of columns it does use, and under collation "C" a prefix is a range. The id at the end
 * of each index gives the order of pages.
 */
const TABLE = `
  CREATE TABLE public.users (
    tenant_id uuid NOT NULL CONSTRAINT users_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    email varchar(255) NOT NULL CONSTRAINT users_email_check CHECK (public.is_email_address(email)),
    -- Stops a password from being stored in plain text.
    password_hash text NOT NULL CONSTRAINT users_password_hash_check CHECK (password_hash LIKE '$argon2id$%'),
    email_verified_at timestamptz,
    first_name varchar(100) CONSTRAINT users_first_name_check CHECK (public.is_line_of_text(first_name)),
    last_name varchar(100) CONSTRAINT users_last_name_check CHECK (public.is_line_of_text(last_name)),
    avatar_url varchar(500),
    timezone varchar(64) NOT NULL DEFAULT 'America/Sao_Paulo',
    locale text NOT NULL DEFAULT 'pt-BR' CONSTRAINT users_locale_check CHECK (locale IN ('pt-BR', 'en-US')),
    role text NOT NULL DEFAULT 'user'
      CONSTRAINT users_role_check CHECK (role IN ('admin', 'manager', 'user', 'viewer')),
    permissions jsonb NOT NULL DEFAULT '[]'
      CONSTRAINT users_permissions_check CHECK (jsonb_typeof(permissions) = 'array'),
    status text NOT NULL DEFAULT 'active'
      CONSTRAINT users_status_check CHECK (status IN ('active', 'inactive', 'suspended')),
    -- The role of the user who suspended this one.
    suspended_by_role text
      CONSTRAINT users_suspended_by_role_check CHECK (suspended_by_role IS NULL OR status = 'suspended'),
    last_login_at timestamptz,
    login_count integer NOT NULL DEFAULT 0 CONSTRAINT users_login_count_check CHECK (login_count >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    created_by uuid,
    -- Set when an admin chose the password: the user must change it before anything else.
    must_change_password boolean NOT NULL DEFAULT false,
    -- Null for a password that the user chose, also if the user must change it.
    temporary_password_expires_at timestamptz,
    custom_role_id uuid,
    -- The kinds of the user's confirmed second factors, kept here because every session status has them.
    factors text[] NOT NULL DEFAULT '{}'
      CONSTRAINT users_factors_check CHECK (factors <@ ARRAY['totp', 'passkey']),
    ${EMAIL_KEY_COLUMN},
    -- Empty, and not in the index, unless the domain is an internationalized one.
    search_unicode_email text COLLATE "C" NOT NULL GENERATED ALWAYS AS (public.unicode_email_key(email)) STORED,
    search_name text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
      public.search_key(btrim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')))) STORED,
    search_last_name text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
      public.search_key(coalesce(last_name, ''))) STORED,
    CONSTRAINT users_pkey PRIMARY KEY (tenant_id, id),
    -- With tenant_id: a key across tenants would reveal to one tenant that an address is used in another.
    CONSTRAINT users_tenant_email_key UNIQUE (tenant_id, email_key),
    CONSTRAINT users_created_by_fkey FOREIGN KEY (tenant_id, created_by)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (created_by),
    -- NO ACTION and not RESTRICT. Both keep a role that users have, but RESTRICT would also stop the deletion of a
    -- tenant, which deletes roles and users in one statement.
    CONSTRAINT users_custom_role_fkey FOREIGN KEY (tenant_id, custom_role_id)
      REFERENCES public.tenant_roles (tenant_id, id)
  );
  CREATE INDEX users_tenant_role_idx ON public.users (tenant_id, role, id);
  CREATE INDEX users_tenant_status_idx ON public.users (tenant_id, status, id);
  CREATE INDEX users_custom_role_idx ON public.users (tenant_id, custom_role_id, id) WHERE custom_role_id IS NOT NULL;
  CREATE INDEX users_search_email_idx ON public.users (tenant_id, email_key, id);
  CREATE INDEX users_search_unicode_email_idx ON public.users (tenant_id, search_unicode_email, id)
    WHERE search_unicode_email <> '';
  CREATE INDEX users_search_name_idx ON public.users (tenant_id, search_name, id);
  CREATE INDEX users_search_last_name_idx ON public.users (tenant_id, search_last_name, id);
  -- For the foreign key: without it, deleting a user reads every user of the tenant.
  CREATE INDEX users_created_by_idx ON public.users (tenant_id, created_by) WHERE created_by IS NOT NULL`;

const PROFILE = [
  'email',
  'email_verified_at',
  'first_name',
  'last_name',
  'avatar_url',
  'timezone',
  'locale',
];
const RIGHTS = ['role', 'permissions', 'status', 'custom_role_id'];
/** Written by the database, from the factors themselves. */
const FACTORS = ['factors'];
const LOG_IN = [
  'last_login_at',
  'login_count',
  'must_change_password',
  'temporary_password_expires_at',
];
const RECORD = ['tenant_id', 'id', 'created_at', 'updated_at', 'created_by', 'suspended_by_role'];
const SEARCH = ['email_key', 'search_unicode_email', 'search_name', 'search_last_name'];

const POLICIES = protectTenantTable({
  table: 'users',
  policies: {
    select: `${IS_SELF} OR ${MANAGES_USERS}`,
    // A user who registers inserts their own row.
    insert: `(${REGISTERS}) OR (${MAY_WRITE})`,
    update: `${IS_SELF} OR (${MAY_WRITE})`,
    delete: `${MAY_WRITE} AND id IS DISTINCT FROM ${CURRENT_USER_ID}`,
  },
  columns: {
    // Without password_hash, which only find_credentials() reads.
    select: [...RECORD, ...PROFILE, ...RIGHTS, ...FACTORS, ...LOG_IN, ...SEARCH],
    update: ['password_hash', 'updated_at', ...PROFILE, ...RIGHTS, ...LOG_IN],
  },
  gatekeeper: {
    select: [
      'tenant_id',
      'id',
      'email',
      'password_hash',
      'must_change_password',
      'temporary_password_expires_at',
      'first_name',
      'last_name',
      'avatar_url',
      ...RIGHTS,
      ...FACTORS,
      ...SEARCH,
    ],
    update: FACTORS,
  },
});

const FIND_CREDENTIALS = definerFunction({
  signature: 'find_credentials(p_email text)',
  returns:
    'TABLE (id uuid, password_hash text, status text, must_change_password boolean, expired boolean, has_factor boolean)',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT u.id, u.password_hash, u.status, u.must_change_password,
       u.must_change_password AND coalesce(u.temporary_password_expires_at <= clock_timestamp(), false),
       u.factors <> '{}'
  FROM public.users u
 WHERE u.tenant_id = ${CURRENT_TENANT} AND u.email_key = public.email_key(p_email)`,
});

/*
 * The role that the current user's invitation gives, and null without one. The user accepts the invitation just before
 * their row is inserted, in the same transaction: the deferred foreign keys let no other transaction see a use of it
 * without its user. The tables are created by the migration of invitations.
 */
const INVITED_ROLE = definerFunction({
  signature: 'invited_role()',
  returns: 'text',
  language: 'plpgsql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
BEGIN
  RETURN coalesce(
    (SELECT i.role FROM public.invites i
      WHERE i.tenant_id = ${CURRENT_TENANT} AND i.accepted_by = ${CURRENT_USER_ID} LIMIT 1),
    (SELECT l.role FROM public.invite_link_uses u
       JOIN public.invite_links l ON l.tenant_id = u.tenant_id AND l.id = u.link_id
      WHERE u.tenant_id = ${CURRENT_TENANT} AND u.user_id = ${CURRENT_USER_ID} LIMIT 1));
END`,
});

/* Answers about the current tenant only, so that it cannot be used to find out which tenants a user belongs to. */
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
   WHERE u.tenant_id = p_tenant AND u.tenant_id = ${CURRENT_TENANT} AND u.id = p_user AND u.status = 'active'
     AND t.status = 'active' AND t.deleted_at IS NULL)`,
});

/** One source of list_colleagues(). */
const colleaguesBy = (column: string, condition: string): string => `
    RETURN QUERY
      SELECT u.id, u.first_name::text, u.last_name::text, u.avatar_url::text, u.${column}
        FROM public.users u
       WHERE u.tenant_id = ${CURRENT_TENANT} AND ${HAS_ROLE} AND u.status = 'active'
         AND u.${column} >= p_prefix COLLATE "C" AND u.${column} < p_prefix COLLATE "C" || chr(1114111)
         AND (u.${column}, u.id) > (p_key COLLATE "C", p_id) ${condition}
       ORDER BY u.${column}, u.id LIMIT least(p_limit, 101);`;

/*
 * What every user of a tenant may know about its active users: names and picture, for collaboration. A policy cannot give
 * columns to some users and rows to others. Colleagues whose name (source 0) or last name (source 1) starts with a search key, in
 * alphabetical order, after a key and an id; a user is found by the first of the two.
 */
const LIST_COLLEAGUES = definerFunction({
  signature:
    'list_colleagues(p_source integer, p_prefix text, p_key text, p_id uuid, p_limit integer)',
  returns: 'TABLE (id uuid, first_name text, last_name text, avatar_url text, key text)',
  language: 'plpgsql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
BEGIN
  IF p_source = 0 THEN${colleaguesBy('search_name', '')}
  ELSE${colleaguesBy(
    'search_last_name',
    'AND NOT (u.search_name >= p_prefix COLLATE "C" AND u.search_name < p_prefix COLLATE "C" || chr(1114111))',
  )}
  END IF;
END`,
});

/* For the policies of tables whose rows belong to a user. It runs with the rights of the caller, who manages users. */
const IS_USER_WITHIN_OWN_RANK = `
  CREATE FUNCTION public.is_user_within_own_rank(p_user uuid) RETURNS boolean
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
      SELECT FROM public.users u
       WHERE u.tenant_id = ${CURRENT_TENANT} AND u.id = p_user AND ${isWithinOwnRank('u.role')})
  $$;
  REVOKE ALL ON FUNCTION public.is_user_within_own_rank(uuid) FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION public.is_user_within_own_rank(uuid) TO ${SERVICE_ROLE}`;

/* Active users take the seats of a tenant. A user who is suspended or has left frees theirs. */
const COUNT_TENANT_USERS = definerFunction({
  signature: 'count_tenant_users()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  before CONSTANT integer := CASE WHEN TG_OP <> 'INSERT' AND OLD.status = 'active' THEN 1 ELSE 0 END;
  after CONSTANT integer := CASE WHEN TG_OP <> 'DELETE' AND NEW.status = 'active' THEN 1 ELSE 0 END;
BEGIN
  IF before <> after THEN
    PERFORM public.add_tenant_usage(CASE TG_OP WHEN 'DELETE' THEN OLD.tenant_id ELSE NEW.tenant_id END,
      after - before, 0, 0);
  END IF;
  RETURN NULL;
END`,
});

const TRIGGERS = `
  CREATE TRIGGER users_updated_at BEFORE UPDATE ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at();
  CREATE TRIGGER users_usage AFTER INSERT OR UPDATE OF status OR DELETE ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.count_tenant_users()`;

/** Users, with the columns that they are searched by, and the functions that look one up at a log-in. */
export const USERS: SchemaPart = {
  up: [
    TABLE,
    asGatekeeper(INVITED_ROLE),
    POLICIES,
    IS_USER_WITHIN_OWN_RANK,
    asGatekeeper(
      FIND_CREDENTIALS,
      LIST_COLLEAGUES,
      VALIDATE_TENANT_ACCESS,
      COUNT_TENANT_USERS,
      TRIGGERS,
    ),
  ],
  down: [
    `DROP FUNCTION public.find_credentials(text), public.validate_tenant_access(uuid, uuid),
       public.is_user_within_own_rank(uuid), public.list_colleagues(integer, text, text, uuid, integer)`,
    'DROP TABLE public.users',
    'DROP FUNCTION public.count_tenant_users(), public.invited_role()',
  ],
};
