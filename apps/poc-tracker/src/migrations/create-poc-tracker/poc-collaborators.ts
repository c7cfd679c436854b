import {
  asGatekeeper,
  auditTable,
  protectTenantTable,
  type SchemaPart,
} from '@poc-tracker/tenancy';

const TABLE = `
  CREATE TABLE public.poc_collaborators (
    tenant_id uuid NOT NULL
      CONSTRAINT poc_collaborators_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    poc_id uuid NOT NULL,
    user_id uuid NOT NULL,
    added_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT poc_collaborators_pkey PRIMARY KEY (tenant_id, poc_id, user_id),
    CONSTRAINT poc_collaborators_poc_fkey FOREIGN KEY (tenant_id, poc_id)
      REFERENCES public.pocs (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT poc_collaborators_user_fkey FOREIGN KEY (tenant_id, user_id)
      REFERENCES public.users (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT poc_collaborators_added_by_fkey FOREIGN KEY (tenant_id, added_by)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (added_by)
  );
  CREATE INDEX poc_collaborators_user_idx ON public.poc_collaborators (tenant_id, user_id);
  CREATE INDEX poc_collaborators_added_by_idx ON public.poc_collaborators (tenant_id, added_by)`;

const POLICIES = protectTenantTable({ table: 'poc_collaborators', policies: {} });

const TRIGGER = `
  CREATE TRIGGER poc_collaborators_platform BEFORE INSERT OR UPDATE OR DELETE ON public.poc_collaborators
    FOR EACH ROW EXECUTE FUNCTION public.keep_platform_tenant()`;

/** The users who work on a POC beside its creator. */
export const POC_COLLABORATORS: SchemaPart = {
  up: [TABLE, POLICIES, asGatekeeper(TRIGGER, auditTable('poc_collaborators'))],
  down: ['DROP TABLE public.poc_collaborators'],
};
