import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  asGatekeeper,
  CURRENT_USER_ROLE,
  definerFunction,
  protectTenantTable,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

const IS_ADMIN = `${CURRENT_USER_ROLE} = 'admin'`;

/** Tenants with their settings and their usage, and the look-up that finds a tenant before there is a context. */
export class CreateTenants1795460100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(
      [
        protectTenantTable({
          table: 'tenants',
          tenantColumn: 'id',
          policies: { select: 'true', insert: IS_ADMIN },
          gatekeeper: { select: true },
        }),
        protectTenantTable({
          table: 'tenant_settings',
          policies: { select: 'true', insert: IS_ADMIN, update: IS_ADMIN, delete: IS_ADMIN },
          columns: { update: ['setting_value', 'updated_at'] },
        }),
        protectTenantTable({
          table: 'tenant_usage',
          policies: { select: 'true' },
          operators: ['select'],
          gatekeeper: {
            select: true,
            insert: ['tenant_id'],
            update: ['user_count', 'poc_count', 'storage_bytes'],
          },
        }),
      ].join(';\n'),
    );
    await runner.query(asGatekeeper(OPEN_TENANT_USAGE, ADD_TENANT_USAGE, RESOLVE_TENANT, TRIGGERS));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE public.tenant_usage, public.tenant_settings, public.tenants;
      DROP FUNCTION public.resolve_tenant(uuid, text, text), public.open_tenant_usage(),
        public.add_tenant_usage(uuid, integer, integer, bigint)`);
  }
}

const TABLES = `
  CREATE TABLE public.tenants (
    id uuid NOT NULL DEFAULT public.uuid_v7() CONSTRAINT tenants_pkey PRIMARY KEY,
    name varchar(255) NOT NULL CONSTRAINT tenants_name_check CHECK (btrim(name) <> ''),
    subdomain varchar(100) NOT NULL CONSTRAINT tenants_subdomain_key UNIQUE
      CONSTRAINT tenants_subdomain_check CHECK (subdomain ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'),
    plan_type text NOT NULL DEFAULT 'basic'
      CONSTRAINT tenants_plan_type_check CHECK (plan_type IN ('basic', 'pro', 'enterprise')),
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
    billing_email varchar(255),
    subscription_ends_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
  );
  CREATE UNIQUE INDEX tenants_custom_domain_key ON public.tenants (lower(branding ->> 'custom_domain'))
    WHERE branding ->> 'custom_domain' IS NOT NULL;
  CREATE INDEX tenants_active_idx ON public.tenants (status) WHERE status = 'active';

  CREATE TABLE public.tenant_settings (
    tenant_id uuid NOT NULL
      CONSTRAINT tenant_settings_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    setting_key varchar(100) NOT NULL,
    setting_value jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenant_settings_pkey PRIMARY KEY (tenant_id, setting_key)
  );

  -- What a tenant uses of its limits. One row a tenant, so that the row's lock makes the limits exact.
  CREATE TABLE public.tenant_usage (
    tenant_id uuid NOT NULL CONSTRAINT tenant_usage_pkey PRIMARY KEY
      CONSTRAINT tenant_usage_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    user_count integer NOT NULL DEFAULT 0 CONSTRAINT tenant_usage_user_count_check CHECK (user_count >= 0),
    poc_count integer NOT NULL DEFAULT 0 CONSTRAINT tenant_usage_poc_count_check CHECK (poc_count >= 0),
    storage_bytes bigint NOT NULL DEFAULT 0 CONSTRAINT tenant_usage_storage_bytes_check CHECK (storage_bytes >= 0)
  )`;

const OPEN_TENANT_USAGE = definerFunction({
  signature: 'open_tenant_usage()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  INSERT INTO public.tenant_usage (tenant_id) VALUES (NEW.id);
  RETURN NULL;
END`,
});

/*
 * Called by the counting triggers, which the gatekeeper owns as well. Check and increment are one UPDATE: a second
 * registration waits for the first one's row lock and is then held against the new count.
 */
export const ADD_TENANT_USAGE = definerFunction({
  signature: 'add_tenant_usage(p_tenant uuid, p_users integer, p_pocs integer, p_bytes bigint)',
  returns: 'void',
  language: 'plpgsql',
  body: `
BEGIN
  UPDATE public.tenant_usage u
     SET user_count = u.user_count + p_users,
         poc_count = u.poc_count + p_pocs,
         storage_bytes = u.storage_bytes + p_bytes
    FROM public.tenants t
   WHERE u.tenant_id = p_tenant AND t.id = p_tenant
     AND (p_users <= 0 OR u.user_count + p_users <= t.max_users)
     AND (p_pocs <= 0 OR u.poc_count + p_pocs <= t.max_pocs)
     AND (p_bytes <= 0 OR u.storage_bytes + p_bytes <= t.max_storage_gb * 1073741824::bigint);
  -- Less of something is always allowed; without a row the tenant itself is being deleted.
  IF FOUND OR (p_users <= 0 AND p_pocs <= 0 AND p_bytes <= 0) THEN
    RETURN;
  END IF;
  RAISE EXCEPTION 'the tenant has reached its limit' USING
    ERRCODE = 'check_violation',
    TABLE = 'tenant_usage',
    CONSTRAINT = CASE WHEN p_users > 0 THEN 'tenant_user_limit'
                      WHEN p_pocs > 0 THEN 'tenant_poc_limit'
                      ELSE 'tenant_storage_limit' END;
END`,
});

/*
 * The first hit of subdomain, custom domain and id wins. Runs before anything is known of the caller: a caller learns
 * from it that a tenant exists, which its public address tells as well, and nothing of what is inside.
 */
export const RESOLVE_TENANT = definerFunction({
  signature: 'resolve_tenant(p_id uuid, p_subdomain text, p_domain text)',
  returns: `TABLE (id uuid, name text, subdomain text, custom_domain text, plan_type text, status text, features jsonb,
    max_users integer, max_pocs integer, max_storage_gb integer)`,
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT t.id, t.name, t.subdomain, t.branding ->> 'custom_domain', t.plan_type, t.status, t.features,
       t.max_users, t.max_pocs, t.max_storage_gb
  FROM public.tenants t
 WHERE t.deleted_at IS NULL
   AND t.id = coalesce(
     (SELECT s.id FROM public.tenants s WHERE s.subdomain = p_subdomain),
     (SELECT d.id FROM public.tenants d
       WHERE lower(d.branding ->> 'custom_domain') = lower(p_domain) AND d.branding ->> 'custom_domain' IS NOT NULL),
     p_id)`,
});

const TRIGGERS = `
  CREATE TRIGGER tenants_updated_at BEFORE UPDATE ON public.tenants
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at();
  CREATE TRIGGER tenants_usage AFTER INSERT ON public.tenants
    FOR EACH ROW EXECUTE FUNCTION public.open_tenant_usage();
  CREATE TRIGGER tenant_settings_updated_at BEFORE UPDATE ON public.tenant_settings
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at()`;
