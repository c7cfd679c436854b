import {
  hasPermission,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

const MANAGES_SETTINGS = hasPermission('manage_settings');

const TABLE = `
  CREATE TABLE public.tenant_settings (
    tenant_id uuid NOT NULL
      CONSTRAINT tenant_settings_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    setting_key varchar(100) NOT NULL,
    setting_value jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- The fields of the group that the tenant has set. Without it, a value that was set and equals the default would look
    -- like the default.
    chosen text[] NOT NULL DEFAULT '{}',
    CONSTRAINT tenant_settings_pkey PRIMARY KEY (tenant_id, setting_key)
  )`;

const POLICIES = [
  protectTenantTable({
    table: 'tenant_settings',
    policies: {
      select: 'true',
      // A sign-up inserts the defaults before its tenant has a user who could hold a permission.
      insert: `${MANAGES_SETTINGS} OR (select public.is_new_tenant())`,
      update: MANAGES_SETTINGS,
      delete: MANAGES_SETTINGS,
    },
    columns: { update: ['setting_value', 'updated_at'] },
    // limit_session() locks the row, and PostgreSQL asks for the right to update it.
    gatekeeper: { select: ['tenant_id', 'setting_key', 'setting_value'], update: ['updated_at'] },
  }),
  // Not among the columns above, which operators may update as well: they choose nothing for a tenant.
  `GRANT UPDATE (chosen) ON public.tenant_settings TO ${SERVICE_ROLE}`,
];

const UPDATED_AT = `
  CREATE TRIGGER tenant_settings_updated_at BEFORE UPDATE ON public.tenant_settings
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at()`;

/**
 * The country policy of the tenant `t`, null if it is off, for the functions that find tenants: a log-in is refused by it
 * before anything else is queried.
 */
export const COUNTRY_POLICY = `(
  SELECT jsonb_build_object('mode', s.setting_value -> 'countryPolicy', 'allowed', s.setting_value -> 'allowedCountries',
           'denied', s.setting_value -> 'deniedCountries')
    FROM public.tenant_settings s
   WHERE s.tenant_id = t.id AND s.setting_key = 'security' AND s.setting_value ->> 'countryPolicy' IN ('observe', 'enforce'))`;

/** The settings of a tenant, one row per group. */
export const TENANT_SETTINGS: SchemaPart = {
  up: [TABLE, ...POLICIES, UPDATED_AT],
  down: ['DROP TABLE public.tenant_settings'],
};
