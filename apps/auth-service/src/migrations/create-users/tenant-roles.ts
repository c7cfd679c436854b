import {
  CURRENT_TENANT,
  CURRENT_USER_ID,
  hasPermission,
  protectTenantTable,
  type SchemaPart,
} from '@poc-tracker/tenancy';

const MANAGES_ROLES = hasPermission('manage_roles');

/* created_by is no foreign key: users refer to roles, so the two tables would depend on each other. */
const TABLE = `
  CREATE TABLE public.tenant_roles (
    tenant_id uuid NOT NULL CONSTRAINT tenant_roles_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    name varchar(50) NOT NULL CONSTRAINT tenant_roles_name_check CHECK (public.is_line_of_text(name)),
    -- The name as nameKey of libs/text compares it: names that look the same have one key.
    name_key text NOT NULL,
    description varchar(500) CONSTRAINT tenant_roles_description_check CHECK (public.is_text(description)),
    permissions jsonb NOT NULL DEFAULT '[]'
      CONSTRAINT tenant_roles_permissions_check CHECK (jsonb_typeof(permissions) = 'array'),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenant_roles_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT tenant_roles_name_key UNIQUE (tenant_id, name_key)
  )`;

const OWN_ROLE = `(select u.custom_role_id from public.users u
  where u.tenant_id = ${CURRENT_TENANT} and u.id = ${CURRENT_USER_ID})`;

/**
 * Users see their own role. Users with manage_users see all of them: they assign roles, and the trigger
 * users_rights_held reads with their rights which permissions the role of a user gives.
 */
const MAY_READ = `${MANAGES_ROLES} OR ${hasPermission('manage_users')} OR id = ${OWN_ROLE}`;

const POLICIES = protectTenantTable({
  table: 'tenant_roles',
  policies: {
    select: MAY_READ,
    insert: MANAGES_ROLES,
    update: MANAGES_ROLES,
    delete: MANAGES_ROLES,
  },
  columns: { update: ['name', 'name_key', 'description', 'permissions', 'updated_at'] },
  gatekeeper: { select: ['tenant_id', 'id', 'permissions'] },
});

const UPDATED_AT = `
  CREATE TRIGGER tenant_roles_updated_at BEFORE UPDATE ON public.tenant_roles
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at()`;

/** The custom roles of a tenant. */
export const TENANT_ROLES: SchemaPart = {
  up: [TABLE, UPDATED_AT],
  down: ['DROP TABLE public.tenant_roles'],
};

/** Who may use them. The policies read users, whose table refers to that of roles. */
export const TENANT_ROLE_POLICIES: SchemaPart = {
  up: [POLICIES],
  down: ['DROP POLICY tenant_roles_select_authenticated_user ON public.tenant_roles'],
};
