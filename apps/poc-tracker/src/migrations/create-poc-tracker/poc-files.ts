import {
  asGatekeeper,
  auditTable,
  CURRENT_TENANT,
  definerFunction,
  protectTenantTable,
  type SchemaPart,
  TRACKER_ROLE,
} from '@poc-tracker/tenancy';

const TABLE = `
  CREATE TABLE public.poc_files (
    tenant_id uuid NOT NULL CONSTRAINT poc_files_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    poc_id uuid NOT NULL,
    file_name varchar(255) NOT NULL,
    file_size bigint NOT NULL CONSTRAINT poc_files_file_size_check CHECK (file_size >= 0),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    content_type varchar(255) NOT NULL DEFAULT 'application/octet-stream',
    content_sha256 bytea
      CONSTRAINT poc_files_content_sha256_check CHECK (octet_length(content_sha256) = 32),
    -- Null while the upload is in progress: the bytes are counted, but the file is not listed.
    uploaded_at timestamptz,
    CONSTRAINT poc_files_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT poc_files_poc_fkey FOREIGN KEY (tenant_id, poc_id)
      REFERENCES public.pocs (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT poc_files_created_by_fkey FOREIGN KEY (tenant_id, created_by)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (created_by),
    CONSTRAINT poc_files_uploaded_check CHECK ((uploaded_at IS NULL) = (content_sha256 IS NULL))
  );
  CREATE INDEX poc_files_poc_idx ON public.poc_files (tenant_id, poc_id);
  CREATE INDEX poc_files_created_by_idx ON public.poc_files (tenant_id, created_by);
  CREATE INDEX poc_files_waiting_idx ON public.poc_files (created_at) WHERE uploaded_at IS NULL`;

const POLICIES = protectTenantTable({
  table: 'poc_files',
  policies: {},
  columns: { update: ['file_name', 'file_size', 'updated_at'] },
  // For repair_tenant_usage(), which adds up the sizes, and for the two functions that release uploads.
  gatekeeper: {
    select: ['tenant_id', 'id', 'file_size', 'uploaded_at', 'created_at'],
    delete: true,
  },
});

const COUNT_TENANT_STORAGE = definerFunction({
  signature: 'count_tenant_storage()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM public.add_tenant_usage(NEW.tenant_id, 0, 0, NEW.file_size);
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM public.add_tenant_usage(OLD.tenant_id, 0, 0, -OLD.file_size);
  ELSE
    PERFORM public.add_tenant_usage(NEW.tenant_id, 0, 0, NEW.file_size - OLD.file_size);
  END IF;
  RETURN NULL;
END`,
});

/** What the tracker's clean-up asks about in one statement. */
const SETTLED_AT_A_TIME = 500;

/*
 * The tracker's clean-up finds an upload by its draft file. An upload whose draft was lost, for example when the database
 * was restored, would be counted forever. An upload takes a day at most, so after 25 hours none is still in progress.
 */
const RELEASE_ABANDONED_UPLOADS = definerFunction({
  signature: 'release_abandoned_uploads()',
  returns: 'integer',
  language: 'sql',
  callers: [TRACKER_ROLE],
  body: `
WITH released AS (
  DELETE FROM public.poc_files f
   WHERE (f.tenant_id, f.id) IN (
     SELECT a.tenant_id, a.id FROM public.poc_files a
      WHERE a.uploaded_at IS NULL AND a.created_at < now() - interval '25 hours'
      ORDER BY a.tenant_id, a.id LIMIT 500)
  RETURNING f.id
)
SELECT count(*)::integer FROM released`,
});

/*
 * Deletes the rows of uploads that failed, and reports about each of the given files whether it had a row and whether it
 * is complete. The clean-up of the tracker runs it for the tenant of the transaction, as no user: the user of an upload
 * may have lost the right to delete it.
 */
const SETTLE_UPLOADS = definerFunction({
  signature: 'settle_uploads(p_files uuid[])',
  returns: 'TABLE (file uuid, known boolean, complete boolean)',
  language: 'plpgsql',
  callers: [TRACKER_ROLE],
  body: `
DECLARE
  rows_before uuid[];
BEGIN
  IF cardinality(p_files) > ${SETTLED_AT_A_TIME} THEN
    RAISE EXCEPTION 'at most ${SETTLED_AT_A_TIME} files are settled at a time' USING ERRCODE = 'program_limit_exceeded';
  END IF;
  rows_before := ARRAY(
    SELECT f.id FROM public.poc_files f WHERE f.tenant_id = ${CURRENT_TENANT} AND f.id = ANY (p_files));
  DELETE FROM public.poc_files f
   WHERE f.tenant_id = ${CURRENT_TENANT} AND f.id = ANY (p_files) AND f.uploaded_at IS NULL;
  RETURN QUERY
    SELECT p.id, p.id = ANY (rows_before), EXISTS (
             SELECT FROM public.poc_files f
              WHERE f.tenant_id = ${CURRENT_TENANT} AND f.id = p.id AND f.uploaded_at IS NOT NULL)
      FROM unnest(p_files) AS p (id);
END`,
});

const TRIGGERS = `
  CREATE TRIGGER poc_files_updated_at BEFORE UPDATE ON public.poc_files
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at();
  CREATE TRIGGER poc_files_usage AFTER INSERT OR DELETE OR UPDATE OF file_size ON public.poc_files
    FOR EACH ROW EXECUTE FUNCTION public.count_tenant_storage()`;

/** The files of POCs. Their bytes are counted against the limit of their tenant and stored outside of the database. */
export const POC_FILES: SchemaPart = {
  up: [
    TABLE,
    POLICIES,
    asGatekeeper(
      COUNT_TENANT_STORAGE,
      RELEASE_ABANDONED_UPLOADS,
      SETTLE_UPLOADS,
      TRIGGERS,
      auditTable('poc_files'),
    ),
  ],
  down: [
    'DROP TABLE public.poc_files',
    `DROP FUNCTION public.count_tenant_storage(), public.release_abandoned_uploads(),
       public.settle_uploads(uuid[])`,
  ],
};
