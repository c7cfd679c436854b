import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  definerFunction,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

const MAY_MANAGE = `(select public.holds_permissions(${CURRENT_USER_ID}, '["manage_roles"]'))`;

/* created_by is no foreign key: users refer to roles, so the two tables would depend on each other. */
const TABLE = `
  CREATE TABLE public.tenant_roles (
    tenant_id uuid NOT NULL CONSTRAINT tenant_roles_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    name varchar(50) NOT NULL CONSTRAINT tenant_roles_name_check CHECK (btrim(name) <> ''),
    description varchar(500),
    permissions jsonb NOT NULL DEFAULT '[]'
      CONSTRAINT tenant_roles_permissions_check CHECK (jsonb_typeof(permissions) = 'array'),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenant_roles_pkey PRIMARY KEY (tenant_id, id)
  );
  CREATE UNIQUE INDEX tenant_roles_name_key ON public.tenant_roles (tenant_id, lower(name))`;

/** The permissions of each built-in role, as in libs/contracts. Admins hold every permission, so they have no entry. */
const ROLE_PERMISSIONS = `'{
  "viewer": [],
  "user": ["create_pocs"],
  "manager": ["manage_users", "manage_invites", "view_usage", "create_pocs", "manage_pocs"]
}'::jsonb`;

/* A user holds the permissions of their role, their own, and those of their custom role. */
const HOLDS_PERMISSIONS = definerFunction({
  signature: 'holds_permissions(p_user uuid, p_wanted jsonb)',
  returns: 'boolean',
  language: 'plpgsql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
BEGIN
  RETURN EXISTS (
    SELECT FROM public.users u
      LEFT JOIN public.tenant_roles r ON r.tenant_id = u.tenant_id AND r.id = u.custom_role_id
     WHERE u.tenant_id = ${CURRENT_TENANT} AND u.id = p_user AND u.status = 'active'
       AND (u.role = 'admin'
            OR (${ROLE_PERMISSIONS} -> u.role) || u.permissions || coalesce(r.permissions, '[]') @> p_wanted));
END`,
});

const POLICIES = protectTenantTable({
  table: 'tenant_roles',
  policies: {
    // Every user sees the name of their own role.
    select: 'true',
    insert: MAY_MANAGE,
    update: MAY_MANAGE,
    delete: MAY_MANAGE,
  },
  columns: { update: ['name', 'description', 'permissions', 'updated_at'] },
  gatekeeper: { select: ['tenant_id', 'id', 'permissions'] },
});

const UPDATED_AT = `
  CREATE TRIGGER tenant_roles_updated_at BEFORE UPDATE ON public.tenant_roles
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at()`;

/** The custom roles of a tenant, and the function that says which permissions a user holds. */
export const TENANT_ROLES: SchemaPart = {
  up: [TABLE, asGatekeeper(HOLDS_PERMISSIONS), POLICIES, UPDATED_AT],
  down: ['DROP TABLE public.tenant_roles', 'DROP FUNCTION public.holds_permissions(uuid, jsonb)'],
};
