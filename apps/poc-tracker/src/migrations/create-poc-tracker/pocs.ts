import {
  asGatekeeper,
  auditTable,
  CURRENT_USER_ID,
  definerFunction,
  hasPermission,
  OPERATOR_ROLE,
  protectTenantTable,
  type SchemaPart,
} from '@poc-tracker/tenancy';

const TABLE = `
  CREATE TABLE public.pocs (
    tenant_id uuid NOT NULL CONSTRAINT pocs_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    title varchar(255) NOT NULL CONSTRAINT pocs_title_check CHECK (public.is_line_of_text(title)),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    description text NOT NULL DEFAULT ''
      CONSTRAINT pocs_description_check CHECK (char_length(description) <= 10000 AND public.is_text(description)),
    status text NOT NULL DEFAULT 'draft'
      CONSTRAINT pocs_status_check CHECK (status IN ('draft', 'active', 'completed', 'archived')),
    is_public boolean NOT NULL DEFAULT false,
    -- LIKE and lower() are not leakproof, so under a policy an index supports neither. It supports comparisons of text.
    title_search text COLLATE "C" GENERATED ALWAYS AS (public.search_key(title)) STORED,
    CONSTRAINT pocs_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT pocs_created_by_fkey FOREIGN KEY (tenant_id, created_by)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (created_by)
  );
  CREATE INDEX pocs_created_by_idx ON public.pocs (tenant_id, created_by);
  CREATE INDEX pocs_title_search_idx ON public.pocs (tenant_id, title_search, id);
  CREATE INDEX pocs_status_idx ON public.pocs (tenant_id, status, id)`;

const POLICIES = protectTenantTable({
  table: 'pocs',
  policies: {},
  columns: { update: ['title', 'updated_at'] },
  // For repair_tenant_usage(), which counts the rows.
  gatekeeper: { select: ['tenant_id'] },
});

const COUNT_TENANT_POCS = definerFunction({
  signature: 'count_tenant_pocs()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM public.add_tenant_usage(NEW.tenant_id, 0, 1, 0);
  ELSE
    PERFORM public.add_tenant_usage(OLD.tenant_id, 0, -1, 0);
  END IF;
  RETURN NULL;
END`,
});

/* A collaborator edits a POC. Whether it is public is decided by its creator, or by users who manage all POCs. */
const KEEP_POC_PUBLISHER = `
  CREATE FUNCTION public.keep_poc_publisher() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    IF ${hasPermission('manage_pocs')}
       OR (${hasPermission('create_pocs')} AND OLD.created_by = ${CURRENT_USER_ID})
       OR pg_has_role(session_user, '${OPERATOR_ROLE}', 'USAGE') THEN
      RETURN NEW;
    END IF;
    RAISE EXCEPTION 'only its creator publishes a POC' USING
      ERRCODE = 'insufficient_privilege', TABLE = 'pocs', CONSTRAINT = 'pocs_publisher';
  END
  $$;
  REVOKE ALL ON FUNCTION public.keep_poc_publisher() FROM PUBLIC`;

const TRIGGERS = `
  CREATE TRIGGER pocs_platform BEFORE INSERT OR UPDATE OR DELETE ON public.pocs
    FOR EACH ROW EXECUTE FUNCTION public.keep_platform_tenant();
  CREATE TRIGGER pocs_updated_at BEFORE UPDATE ON public.pocs
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at();
  CREATE TRIGGER pocs_publisher BEFORE UPDATE OF is_public ON public.pocs
    FOR EACH ROW WHEN (OLD.is_public <> NEW.is_public) EXECUTE FUNCTION public.keep_poc_publisher();
  CREATE TRIGGER pocs_usage AFTER INSERT OR DELETE ON public.pocs
    FOR EACH ROW EXECUTE FUNCTION public.count_tenant_pocs()`;

/** Proofs of concept, counted against the limit of their tenant. */
export const POCS: SchemaPart = {
  up: [
    TABLE,
    POLICIES,
    KEEP_POC_PUBLISHER,
    asGatekeeper(COUNT_TENANT_POCS, TRIGGERS, auditTable('pocs')),
  ],
  down: [
    'DROP TABLE public.pocs',
    'DROP FUNCTION public.count_tenant_pocs(), public.keep_poc_publisher()',
  ],
};
