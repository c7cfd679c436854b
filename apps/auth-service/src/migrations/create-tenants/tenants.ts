import {
  asGatekeeper,
  CURRENT_TENANT,
  definerFunction,
  hasPermission,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

const MANAGES_SETTINGS = hasPermission('manage_settings');

const TABLE = `
  CREATE TABLE public.tenants (
    id uuid NOT NULL DEFAULT public.uuid_v7() CONSTRAINT tenants_pkey PRIMARY KEY,
    name varchar(255) NOT NULL CONSTRAINT tenants_name_check CHECK (public.is_line_of_text(name)),
    subdomain varchar(100) NOT NULL CONSTRAINT tenants_subdomain_key UNIQUE
      CONSTRAINT tenants_subdomain_check CHECK (subdomain ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' AND subdomain !~ '^..--'),
    plan_type text NOT NULL DEFAULT 'basic'
      CONSTRAINT tenants_plan_type_check CHECK (plan_type IN ('basic', 'pro', 'enterprise')),
    -- The limits in force: those of the plan, unless limit_overrides says otherwise.
    max_users integer NOT NULL DEFAULT 10 CONSTRAINT tenants_max_users_check CHECK (max_users >= 0),
    max_pocs integer NOT NULL DEFAULT 100 CONSTRAINT tenants_max_pocs_check CHECK (max_pocs >= 0),
    max_storage_gb integer NOT NULL DEFAULT 5 CONSTRAINT tenants_max_storage_gb_check CHECK (max_storage_gb >= 0),
    features jsonb NOT NULL
      DEFAULT '{"real_time_dojos": true, "video_generation": false, "advanced_analytics": false, "api_access": false}'
      CONSTRAINT tenants_features_check CHECK (jsonb_typeof(features) = 'object'),
    branding jsonb NOT NULL DEFAULT '{"logo_url": null, "primary_color": "#2563eb", "custom_domain": null}'
      CONSTRAINT tenants_branding_check CHECK (jsonb_typeof(branding) = 'object'),
    status text NOT NULL DEFAULT 'active'
      CONSTRAINT tenants_status_check CHECK (status IN ('active', 'suspended', 'canceled')),
    billing_email varchar(255) CONSTRAINT tenants_billing_email_check CHECK (public.is_email_address(billing_email)),
    subscription_ends_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    is_platform boolean NOT NULL DEFAULT false
      CONSTRAINT tenants_platform_name_check CHECK (NOT is_platform OR subdomain = 'platform'),
    -- The reason that was given for the last change of status.
    status_reason text CONSTRAINT tenants_status_reason_check CHECK (public.is_line_of_text(status_reason)),
    status_changed_at timestamptz,
    limit_overrides jsonb NOT NULL DEFAULT '{}'
      CONSTRAINT tenants_limit_overrides_check CHECK (jsonb_typeof(limit_overrides) = 'object'),
    -- What operators have set in place of the service's settings.
    rate_limits jsonb CONSTRAINT tenants_rate_limits_check CHECK (
      rate_limits IS NULL
      OR coalesce(jsonb_typeof(rate_limits -> 'rules') = 'object' AND jsonb_typeof(rate_limits -> 'shadow') = 'array', false)),
    -- Without the platform tenant, no operator could log in.
    CONSTRAINT tenants_platform_stays CHECK (
      NOT is_platform OR (status = 'active' AND deleted_at IS NULL AND subscription_ends_at IS NULL))
  );
  CREATE UNIQUE INDEX tenants_custom_domain_key ON public.tenants (lower(branding ->> 'custom_domain'))
    WHERE branding ->> 'custom_domain' IS NOT NULL;
  CREATE UNIQUE INDEX tenants_platform_key ON public.tenants (is_platform) WHERE is_platform;
  CREATE INDEX tenants_active_idx ON public.tenants (status) WHERE status = 'active'`;

/*
 * The update policy is separate: the service updates these columns only, and operators update every column. A tenant
 * admin changes the status through cancel_current_tenant() alone.
 */
const POLICIES = [
  protectTenantTable({
    table: 'tenants',
    tenantColumn: 'id',
    policies: {
      select: 'true',
      // Anyone may sign up. The tenant of the transaction is the only one that it can create, and it cannot exist yet.
      insert: 'true',
    },
    gatekeeper: { select: true, update: ['branding', 'status', 'status_reason'] },
  }),
  `CREATE POLICY tenants_update_${SERVICE_ROLE} ON public.tenants AS PERMISSIVE FOR UPDATE TO ${SERVICE_ROLE}
     USING (${MANAGES_SETTINGS}) WITH CHECK (${MANAGES_SETTINGS})`,
  `GRANT UPDATE (name, branding, billing_email, updated_at) ON public.tenants TO ${SERVICE_ROLE}`,
  // The insert policy above lets a sign-up create its tenant. This one stops it from creating the platform tenant.
  `CREATE POLICY tenants_platform_reserved ON public.tenants AS RESTRICTIVE FOR INSERT TO ${SERVICE_ROLE}
     WITH CHECK (NOT is_platform)`,
];

/*
 * True while a sign-up creates the current tenant: this transaction inserted its row, and it has no user yet. Such a
 * transaction has no rights, but it must insert the default settings and the first admin. The users are created by a
 * later migration.
 */
const IS_NEW_TENANT = definerFunction({
  signature: 'is_new_tenant()',
  returns: 'boolean',
  language: 'plpgsql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
BEGIN
  RETURN EXISTS (
      SELECT FROM public.tenants t
       WHERE t.id = ${CURRENT_TENANT} AND t.xmin = pg_current_xact_id_if_assigned()::xid)
    AND NOT EXISTS (SELECT FROM public.users u WHERE u.tenant_id = ${CURRENT_TENANT});
END`,
});

const UPDATED_AT = `
  CREATE TRIGGER tenants_updated_at BEFORE UPDATE ON public.tenants
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at()`;

/** Tenants. */
export const TENANTS: SchemaPart = {
  up: [TABLE, ...POLICIES, asGatekeeper(IS_NEW_TENANT), UPDATED_AT],
  down: ['DROP FUNCTION public.is_new_tenant()', 'DROP TABLE public.tenants'],
};
