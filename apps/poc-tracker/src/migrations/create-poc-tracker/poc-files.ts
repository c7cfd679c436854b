import {
  asGatekeeper,
  auditTable,
  CURRENT_TENANT,
  definerFunction,
  protectTenantTable,
  type SchemaPart,
  TRACKER_ROLE,
} from '@poc-tracker/tenancy';

/** Bytes: the block of common file systems. */
const SMALLEST_FILE = 4_096;

const TABLE = `
  CREATE TABLE public.poc_files (
    tenant_id uuid NOT NULL CONSTRAINT poc_files_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    poc_id uuid NOT NULL,
    file_name varchar(255) NOT NULL CONSTRAINT poc_files_file_name_check CHECK (public.is_line_of_text(file_name)),
    file_size bigint NOT NULL CONSTRAINT poc_files_file_size_check CHECK (file_size >= 0),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    content_type varchar(255) NOT NULL DEFAULT 'application/octet-stream',
    content_sha256 bytea
      CONSTRAINT poc_files_content_sha256_check CHECK (octet_length(content_sha256) = 32),
    -- Null while the upload is in progress: the bytes are counted, but the file is not listed.
    uploaded_at timestamptz,
    -- Since when the clean-up has missed the upload. The row is deleted a day later.
    abandoned_at timestamptz,
    -- What the file counts against the limit: an empty file occupies a block of the disk as well, and a row.
    counted_bytes bigint NOT NULL GENERATED ALWAYS AS (greatest(file_size, ${SMALLEST_FILE})) STORED,
    CONSTRAINT poc_files_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT poc_files_poc_fkey FOREIGN KEY (tenant_id, poc_id)
      REFERENCES public.pocs (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT poc_files_created_by_fkey FOREIGN KEY (tenant_id, created_by)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (created_by),
    CONSTRAINT poc_files_uploaded_check CHECK ((uploaded_at IS NULL) = (content_sha256 IS NULL))
  );
  CREATE INDEX poc_files_poc_idx ON public.poc_files (tenant_id, poc_id);
  CREATE INDEX poc_files_created_by_idx ON public.poc_files (tenant_id, created_by);
  CREATE INDEX poc_files_waiting_idx ON public.poc_files (created_at) WHERE uploaded_at IS NULL;
  CREATE INDEX poc_files_abandoned_idx ON public.poc_files (abandoned_at) WHERE abandoned_at IS NOT NULL`;

const POLICIES = protectTenantTable({
  table: 'poc_files',
  policies: {},
  columns: { update: ['file_name', 'file_size', 'updated_at'] },
  // For repair_tenant_usage(), which adds up the bytes, and for the two functions that release uploads.
  gatekeeper: {
    select: ['tenant_id', 'id', 'counted_bytes', 'uploaded_at', 'created_at', 'abandoned_at'],
    update: ['abandoned_at'],
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
    PERFORM public.add_tenant_usage(NEW.tenant_id, 0, 0, NEW.counted_bytes);
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM public.add_tenant_usage(OLD.tenant_id, 0, 0, -OLD.counted_bytes);
  ELSE
    PERFORM public.add_tenant_usage(NEW.tenant_id, 0, 0, NEW.counted_bytes - OLD.counted_bytes);
  END IF;
  RETURN NULL;
END`,
});

/** Files that one statement of the tracker's clean-up is about. */
const SETTLED_AT_A_TIME = 500;

/*
 * The tracker's clean-up finds an upload by its draft file. An upload whose draft was lost, for example when the database
 * was restored, would be counted forever. An upload takes a day at most, so after 25 hours none is still in progress.
 * Such a row is marked and deleted a day later, so that an operator can correct rows that lost their time of upload.
 */
const RELEASE_ABANDONED_UPLOADS = definerFunction({
  signature: 'release_abandoned_uploads()',
  returns: 'integer',
  language: 'plpgsql',
  callers: [TRACKER_ROLE],
  body: `
DECLARE
  released integer;
BEGIN
  UPDATE public.poc_files f SET abandoned_at = NULL
   WHERE f.abandoned_at IS NOT NULL AND f.uploaded_at IS NOT NULL;
  DELETE FROM public.poc_files f
   WHERE (f.tenant_id, f.id) IN (
     SELECT a.tenant_id, a.id FROM public.poc_files a
      WHERE a.uploaded_at IS NULL AND a.abandoned_at < now() - interval '1 day'
      ORDER BY a.tenant_id, a.id LIMIT ${SETTLED_AT_A_TIME});
  GET DIAGNOSTICS released = ROW_COUNT;
  UPDATE public.poc_files f SET abandoned_at = now()
   WHERE (f.tenant_id, f.id) IN (
     SELECT a.tenant_id, a.id FROM public.poc_files a
      WHERE a.uploaded_at IS NULL AND a.abandoned_at IS NULL AND a.created_at < now() - interval '25 hours'
      ORDER BY a.tenant_id, a.id LIMIT ${SETTLED_AT_A_TIME});
  RETURN released;
END`,
});

/*
 * Reports about each of the given files whether its upload is complete, and before that deletes the rows of incomplete ones
 * if p_release. The clean-up of the tracker runs it for the tenant of the transaction, as no user: the user of an upload may
 * have lost the right to delete it.
 */
const SETTLE_UPLOADS = definerFunction({
  signature: 'settle_uploads(p_files uuid[], p_release boolean)',
  returns: 'TABLE (file uuid, complete boolean)',
  language: 'plpgsql',
  callers: [TRACKER_ROLE],
  body: `
BEGIN
  IF cardinality(p_files) > ${SETTLED_AT_A_TIME} THEN
    RAISE EXCEPTION 'at most ${SETTLED_AT_A_TIME} files are settled at a time' USING ERRCODE = 'program_limit_exceeded';
  END IF;
  IF p_release THEN
    DELETE FROM public.poc_files f
     WHERE f.tenant_id = ${CURRENT_TENANT} AND f.id = ANY (p_files) AND f.uploaded_at IS NULL;
  END IF;
  RETURN QUERY
    SELECT p.id, EXISTS (
             SELECT FROM public.poc_files f
              WHERE f.tenant_id = ${CURRENT_TENANT} AND f.id = p.id AND f.uploaded_at IS NOT NULL)
      FROM unnest(p_files) AS p (id);
END`,
});

const TRIGGERS = `
  CREATE TRIGGER poc_files_platform BEFORE INSERT OR UPDATE OR DELETE ON public.poc_files
    FOR EACH ROW EXECUTE FUNCTION public.keep_platform_tenant();
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
       public.settle_uploads(uuid[], boolean)`,
  ],
};
