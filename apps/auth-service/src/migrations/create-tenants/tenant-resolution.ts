import { asGatekeeper, definerFunction, type SchemaPart, SERVICE_ROLE } from '@poc-tracker/tenancy';
import { COUNTRY_POLICY } from './tenant-settings.js';

/*
 * Finds a tenant before the caller is known. The first match of subdomain, domain and id wins. Every verified domain
 * names its tenant, not only the custom domain of the branding. A canceled tenant is found with its status: otherwise a
 * request for its domain would fall through to the next name it carries. The result reveals that a tenant exists, which
 * its public address reveals as well, and nothing about its data.
 */
const RESOLVE_TENANT = definerFunction({
  signature: 'resolve_tenant(p_id uuid, p_subdomain text, p_domain text)',
  returns: `TABLE (id uuid, name text, subdomain text, custom_domain text, plan_type text, status text, features jsonb,
    max_users integer, max_pocs integer, max_storage_gb integer, subscription_ends_at timestamptz, is_platform boolean,
    rate_limits jsonb, country_policy jsonb)`,
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT t.id, t.name, t.subdomain, t.branding ->> 'custom_domain', t.plan_type,
       CASE WHEN t.deleted_at IS NULL THEN t.status ELSE 'canceled' END, t.features,
       t.max_users, t.max_pocs, t.max_storage_gb, t.subscription_ends_at, t.is_platform, t.rate_limits,
       ${COUNTRY_POLICY}
  FROM public.tenants t
 WHERE t.id = coalesce(
     (SELECT s.id FROM public.tenants s WHERE s.subdomain = p_subdomain),
     (SELECT v.tenant_id FROM public.tenant_domains v
       WHERE v.domain = lower(p_domain) AND v.verified_at IS NOT NULL),
     (SELECT d.id FROM public.tenants d
       WHERE lower(d.branding ->> 'custom_domain') = lower(p_domain) AND d.branding ->> 'custom_domain' IS NOT NULL),
     p_id)`,
});

/** The function that finds a tenant before a transaction has a context. */
export const TENANT_RESOLUTION: SchemaPart = {
  up: [asGatekeeper(RESOLVE_TENANT)],
  down: ['DROP FUNCTION public.resolve_tenant(uuid, text, text)'],
};
