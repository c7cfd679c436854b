import {
  asGatekeeper,
  definerFunction,
  GATEKEEPER_ROLE,
  OPERATOR_ROLE,
  type SchemaPart,
} from '@poc-tracker/tenancy';

const TABLE = `
  -- What remains of a purged tenant. It names no user.
  CREATE TABLE public.purged_tenants (
    purged_tenant uuid NOT NULL CONSTRAINT purged_tenants_pkey PRIMARY KEY,
    reason text NOT NULL CONSTRAINT purged_tenants_reason_check CHECK (public.is_line_of_text(reason)),
    requested_by uuid,
    started_at timestamptz NOT NULL DEFAULT now(),
    log_ins_kept_at timestamptz,
    finished_at timestamptz,
    files_deleted_at timestamptz
  );
  CREATE INDEX purged_tenants_open_idx ON public.purged_tenants (started_at)
    WHERE finished_at IS NULL OR files_deleted_at IS NULL;
  GRANT SELECT, INSERT, UPDATE ON public.purged_tenants TO ${GATEKEEPER_ROLE}`;

/* A purge that has begun cannot be undone. */
const IS_BEING_PURGED = definerFunction({
  signature: 'is_being_purged(p_tenant uuid)',
  returns: 'boolean',
  language: 'sql',
  volatility: 'stable',
  callers: [OPERATOR_ROLE],
  body: `
SELECT EXISTS (SELECT FROM public.purged_tenants p WHERE p.purged_tenant = p_tenant AND p.finished_at IS NULL)`,
});

/*
 * Begins the purge of a canceled tenant; a second call changes nothing. It deletes the row of usage first. Without that
 * row the triggers that count, that keep the last admin and that report revocations know that the tenant is being
 * deleted.
 */
const BEGIN_PURGE = definerFunction({
  signature: 'begin_purge(p_tenant uuid, p_operator uuid, p_reason text)',
  returns: 'boolean',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
DECLARE
  current text;
BEGIN
  SELECT t.status INTO current FROM public.tenants t WHERE t.id = p_tenant FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF current <> 'canceled' THEN
    RAISE EXCEPTION 'a tenant cannot go from % to purged', current USING
      ERRCODE = 'check_violation', TABLE = 'tenants', CONSTRAINT = 'tenants_status_transition';
  END IF;
  INSERT INTO public.purged_tenants (purged_tenant, requested_by, reason) VALUES (p_tenant, p_operator, p_reason)
    ON CONFLICT DO NOTHING;
  DELETE FROM public.tenant_usage WHERE tenant_id = p_tenant;
  RETURN true;
END`,
});

/* By primary key and not by ctid, which a role with rights to single columns cannot read. A null limit deletes all. */
const DELETE_SOME = `SELECT string_agg(quote_ident(a.attname), ', ') INTO primary_key
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
   WHERE i.indrelid = p_table AND i.indisprimary;
  EXECUTE format(
    'DELETE FROM %1$s WHERE tenant_id = $1 AND (%2$s) IN (SELECT %2$s FROM %1$s WHERE tenant_id = $1 LIMIT $2)',
    p_table, primary_key) USING p_tenant, p_limit;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  RETURN deleted;`;

/* For the audit tables, from which operators cannot delete. The gatekeeper needs SELECT and DELETE on the table. */
const PURGE_AUDIT_LOG = definerFunction({
  signature: 'purge_audit_log(p_tenant uuid, p_table regclass, p_limit integer)',
  returns: 'integer',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
DECLARE
  primary_key text;
  deleted integer;
BEGIN
  IF NOT public.is_being_purged(p_tenant) THEN
    RETURN 0;
  END IF;
  ${DELETE_SOME}
END`,
});

/* These run with the rights of the operators, who call them. */
const PURGE_ROWS = `
  CREATE FUNCTION public.purge_rows(p_tenant uuid, p_table regclass, p_limit integer) RETURNS integer
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    primary_key text;
    deleted integer;
  BEGIN
    IF NOT public.is_being_purged(p_tenant) THEN
      RETURN 0;
    END IF;
    ${DELETE_SOME}
  END
  $$;

  CREATE FUNCTION public.has_tenant_rows(p_tenant uuid, p_table regclass) RETURNS boolean
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    found_one boolean;
  BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE tenant_id = $1)', p_table) INTO found_one USING p_tenant;
    RETURN found_one;
  END
  $$;

  REVOKE ALL ON FUNCTION public.purge_rows(uuid, regclass, integer), public.has_tenant_rows(uuid, regclass) FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION public.purge_rows(uuid, regclass, integer), public.has_tenant_rows(uuid, regclass)
    TO ${OPERATOR_ROLE}`;

const FINISH_PURGE = definerFunction({
  signature: 'finish_purge(p_tenant uuid)',
  returns: 'void',
  language: 'sql',
  callers: [OPERATOR_ROLE],
  body: `
UPDATE public.purged_tenants p SET finished_at = now()
 WHERE p.purged_tenant = p_tenant AND p.finished_at IS NULL
   AND NOT EXISTS (SELECT FROM public.tenants t WHERE t.id = p_tenant)`,
});

const TENANTS_BEING_PURGED = definerFunction({
  signature: 'tenants_being_purged()',
  returns: 'TABLE (tenant uuid, requested_by uuid, reason text)',
  language: 'sql',
  volatility: 'stable',
  callers: [OPERATOR_ROLE],
  body: `
SELECT p.purged_tenant, p.requested_by, p.reason FROM public.purged_tenants p
 WHERE p.finished_at IS NULL ORDER BY p.started_at`,
});

/* For a service that stores files: the tenants whose files it must delete. A tenant that was restored keeps its files. */
const PURGED_TENANTS_WITH_FILES = definerFunction({
  signature: 'purged_tenants_with_files()',
  returns: 'TABLE (tenant uuid)',
  language: 'sql',
  volatility: 'stable',
  callers: [OPERATOR_ROLE],
  body: `
SELECT p.purged_tenant FROM public.purged_tenants p
 WHERE p.finished_at IS NOT NULL AND p.files_deleted_at IS NULL
   AND NOT EXISTS (SELECT FROM public.tenants t WHERE t.id = p.purged_tenant)
 ORDER BY p.started_at`,
});

const CONFIRM_FILES_DELETED = definerFunction({
  signature: 'confirm_files_deleted(p_tenant uuid)',
  returns: 'void',
  language: 'sql',
  callers: [OPERATOR_ROLE],
  body: `
UPDATE public.purged_tenants p SET files_deleted_at = now()
 WHERE p.purged_tenant = p_tenant AND p.finished_at IS NOT NULL AND p.files_deleted_at IS NULL`,
});

/** The purge of a canceled tenant. The table belongs to no tenant, so only these functions have access to it. */
export const TENANT_PURGE: SchemaPart = {
  up: [
    TABLE,
    asGatekeeper(
      IS_BEING_PURGED,
      BEGIN_PURGE,
      PURGE_AUDIT_LOG,
      PURGE_ROWS,
      FINISH_PURGE,
      TENANTS_BEING_PURGED,
      PURGED_TENANTS_WITH_FILES,
      CONFIRM_FILES_DELETED,
    ),
  ],
  down: [
    `DROP FUNCTION public.is_being_purged(uuid), public.begin_purge(uuid, uuid, text),
       public.purge_audit_log(uuid, regclass, integer), public.purge_rows(uuid, regclass, integer),
       public.has_tenant_rows(uuid, regclass), public.finish_purge(uuid), public.tenants_being_purged(),
       public.purged_tenants_with_files(), public.confirm_files_deleted(uuid)`,
    'DROP TABLE public.purged_tenants',
  ],
};
