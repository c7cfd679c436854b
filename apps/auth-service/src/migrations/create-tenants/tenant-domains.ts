import {
  asGatekeeper,
  definerFunction,
  hasPermission,
  protectTenantTable,
  type SchemaPart,
} from '@poc-tracker/tenancy';

const MANAGES_SETTINGS = hasPermission('manage_settings');

const TABLE = `
  CREATE TABLE public.tenant_domains (
    tenant_id uuid NOT NULL CONSTRAINT tenant_domains_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    domain varchar(253) NOT NULL CONSTRAINT tenant_domains_domain_check CHECK (domain = lower(domain)),
    -- What the owner of the domain publishes in the DNS. Anyone can read it there, so it is no secret.
    token text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    verified_at timestamptz,
    CONSTRAINT tenant_domains_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT tenant_domains_domain_key UNIQUE (tenant_id, domain)
  );
  -- Many tenants may claim a domain, but only one can have verified it. The index reveals no more than the DNS record.
  CREATE UNIQUE INDEX tenant_domains_verified_key ON public.tenant_domains (domain) WHERE verified_at IS NOT NULL`;

const POLICIES = protectTenantTable({
  table: 'tenant_domains',
  policies: {
    select: 'true',
    insert: MANAGES_SETTINGS,
    update: MANAGES_SETTINGS,
    delete: MANAGES_SETTINGS,
  },
  columns: { update: ['verified_at'] },
  gatekeeper: { select: true },
});

const REFUSE_UNVERIFIED_DOMAIN = definerFunction({
  signature: 'refuse_unverified_domain()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  IF NOT EXISTS (
    SELECT FROM public.tenant_domains d
     WHERE d.tenant_id = NEW.id AND d.domain = NEW.branding ->> 'custom_domain' AND d.verified_at IS NOT NULL) THEN
    RAISE EXCEPTION 'the domain has not been proven' USING
      ERRCODE = 'check_violation', TABLE = 'tenants', CONSTRAINT = 'tenants_custom_domain_verified';
  END IF;
  RETURN NEW;
END`,
});

/* The custom domain of a tenant is the one that it verified last. When that is deleted, it is the one before. */
const SET_CUSTOM_DOMAIN = definerFunction({
  signature: 'set_custom_domain()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  tenant CONSTANT uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.tenant_id ELSE NEW.tenant_id END;
  latest text;
BEGIN
  SELECT d.domain INTO latest FROM public.tenant_domains d
   WHERE d.tenant_id = tenant AND d.verified_at IS NOT NULL ORDER BY d.verified_at DESC, d.id DESC LIMIT 1;
  UPDATE public.tenants t
     SET branding = t.branding || jsonb_build_object('custom_domain', latest)
   WHERE t.id = tenant AND t.branding ->> 'custom_domain' IS DISTINCT FROM latest;
  RETURN NULL;
END`,
});

const TRIGGERS = `
  CREATE TRIGGER tenants_domain_verified BEFORE UPDATE OF branding ON public.tenants
    FOR EACH ROW WHEN (NEW.branding ->> 'custom_domain' IS NOT NULL
      AND NEW.branding ->> 'custom_domain' IS DISTINCT FROM OLD.branding ->> 'custom_domain')
    EXECUTE FUNCTION public.refuse_unverified_domain();
  CREATE TRIGGER tenant_domains_verified AFTER INSERT OR UPDATE OF verified_at ON public.tenant_domains
    FOR EACH ROW WHEN (NEW.verified_at IS NOT NULL) EXECUTE FUNCTION public.set_custom_domain();
  CREATE TRIGGER tenant_domains_given_up AFTER DELETE ON public.tenant_domains
    FOR EACH ROW WHEN (OLD.verified_at IS NOT NULL) EXECUTE FUNCTION public.set_custom_domain()`;

/** The custom domains that tenants claim and verify. */
export const TENANT_DOMAINS: SchemaPart = {
  up: [TABLE, POLICIES, asGatekeeper(REFUSE_UNVERIFIED_DOMAIN, SET_CUSTOM_DOMAIN, TRIGGERS)],
  down: [
    'DROP TRIGGER tenants_domain_verified ON public.tenants',
    'DROP TABLE public.tenant_domains',
    'DROP FUNCTION public.refuse_unverified_domain(), public.set_custom_domain()',
  ],
};
