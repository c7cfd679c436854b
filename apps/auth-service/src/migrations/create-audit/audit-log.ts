import {
  ACTOR_KIND,
  asGatekeeper,
  auditTable,
  CURRENT_USER_ID,
  definerFunction,
  dropTriggers,
  GATEKEEPER_ROLE,
  hasPermission,
  protectTenantTable,
  type SchemaPart,
} from '@poc-tracker/tenancy';

/* Without foreign keys: an entry outlives the user and the row that it is about. */
const TABLE = `
  CREATE TABLE public.audit_log (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    table_name text NOT NULL,
    operation text NOT NULL CONSTRAINT audit_log_operation_check CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE')),
    user_id uuid,
    old_data jsonb,
    new_data jsonb,
    "timestamp" timestamptz NOT NULL DEFAULT clock_timestamp(),
    row_id text GENERATED ALWAYS AS (coalesce(new_data, old_data) ->> 'id') STORED,
    actor_kind text NOT NULL
      DEFAULT ${ACTOR_KIND}
      CONSTRAINT audit_log_actor_kind_check CHECK (actor_kind IN ('user', 'operator', 'system')),
    CONSTRAINT audit_log_pkey PRIMARY KEY (tenant_id, id)
  );
  -- The fields by which entries are found, each with the tenant before it and the order of pages behind it.
  CREATE INDEX audit_log_table_name_idx ON public.audit_log (tenant_id, table_name, id);
  CREATE INDEX audit_log_operation_idx ON public.audit_log (tenant_id, operation, id);
  CREATE INDEX audit_log_user_id_idx ON public.audit_log (tenant_id, user_id, id);
  CREATE INDEX audit_log_row_id_idx ON public.audit_log (tenant_id, row_id, id)`;

const POLICIES = protectTenantTable({
  table: 'audit_log',
  policies: { select: hasPermission('view_audit') },
  operators: ['select'],
  gatekeeper: { select: true, insert: true, delete: true },
});

/*
 * A column is secret by its name, so that the columns of later tables are covered from the start. The value of a secret
 * column is never recorded, only that it changed. An update that changes nothing but the time of use is not recorded.
 */
const AUDIT_TENANT_ACCESS = definerFunction({
  signature: 'audit_tenant_access()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  secret CONSTANT text := '(password|secret|token|nonce|hash)';
  -- The expiry of a session follows from the time of its use.
  touched CONSTANT text[] := ARRAY['updated_at', 'last_used_at']
    || CASE WHEN TG_TABLE_NAME = 'user_sessions' THEN ARRAY['expires_at'] ELSE '{}' END;
  old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
  any_row jsonb := coalesce(new_row, old_row);
  hidden text[];
  changed jsonb;
BEGIN
  IF TG_OP = 'UPDATE' AND old_row - touched = new_row - touched THEN
    RETURN NULL;
  END IF;
  SELECT coalesce(array_agg(key), '{}'),
         jsonb_agg(key) FILTER (WHERE TG_OP = 'UPDATE' AND old_row -> key IS DISTINCT FROM new_row -> key)
    INTO hidden, changed
    FROM jsonb_object_keys(any_row) AS key
   WHERE key ~ secret;
  INSERT INTO public.audit_log (tenant_id, table_name, operation, user_id, old_data, new_data)
  VALUES (
    (any_row ->> CASE TG_TABLE_NAME WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END)::uuid,
    TG_TABLE_NAME,
    TG_OP,
    ${CURRENT_USER_ID},
    old_row - hidden,
    (new_row - hidden) || CASE WHEN changed IS NULL THEN '{}' ELSE jsonb_build_object('changed_secrets', changed) END
  );
  RETURN NULL;
END`,
});

/*
 * The logins have no grant to change an entry; this stops the owner, and every role that is granted more later. Entries
 * are deleted only with their tenant, or by prune_audit_log(), which has moved the anchor of the chain behind them before.
 * is_being_purged() is created with purged_tenants, by the migration of the platform.
 */
const REFUSE_AUDIT_CHANGE = `
  CREATE FUNCTION public.refuse_audit_change() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    pruned bigint;
  BEGIN
    IF TG_OP = 'DELETE' THEN
      SELECT a.position INTO pruned FROM public.audit_anchors a WHERE a.tenant_id = OLD.tenant_id;
      IF TG_TABLE_NAME = 'audit_chain' THEN
        IF OLD.position <= pruned THEN
          RETURN OLD;
        END IF;
      ELSIF EXISTS (SELECT FROM public.audit_chain c
                     WHERE c.tenant_id = OLD.tenant_id AND c.entry_id = OLD.id AND c.entry_table = TG_TABLE_NAME
                       AND c.position <= pruned) THEN
        RETURN OLD;
      END IF;
      IF public.is_being_purged(OLD.tenant_id) THEN
        RETURN OLD;
      END IF;
    END IF;
    RAISE EXCEPTION 'audit rows are never changed or deleted' USING
      ERRCODE = 'insufficient_privilege', TABLE = 'audit_log', CONSTRAINT = 'audit_log_append_only';
  END
  $$;
  REVOKE ALL ON FUNCTION public.refuse_audit_change() FROM PUBLIC`;

/** Statements that make a table append-only. */
export const appendOnly = (table: string): string => `
  CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE ON public.${table}
    FOR EACH ROW EXECUTE FUNCTION public.refuse_audit_change();
  CREATE TRIGGER ${table}_no_truncate BEFORE TRUNCATE ON public.${table}
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change()`;

/** The audited tables of the migrations before this one. Later migrations audit their own tables. */
const EARLIER_TABLES = [
  'tenants',
  'tenant_settings',
  'tenant_domains',
  'tenant_roles',
  'users',
  'invites',
  'invite_links',
];

/*
 * Without the deletions of the gatekeeper, whose functions delete sessions with their tenant or after the retention period:
 * an entry for each would keep for years what is deleted.
 */
const AUDIT_SESSIONS = `
  CREATE TRIGGER user_sessions_audit AFTER INSERT OR UPDATE ON public.user_sessions
    FOR EACH ROW EXECUTE FUNCTION public.audit_tenant_access();
  CREATE TRIGGER user_sessions_audit_deleted AFTER DELETE ON public.user_sessions
    FOR EACH ROW WHEN (current_user <> '${GATEKEEPER_ROLE}') EXECUTE FUNCTION public.audit_tenant_access()`;

/** The audit log: one entry for each change of a row, inserted by trigger and never changed. */
export const AUDIT_LOG: SchemaPart = {
  up: [
    TABLE,
    POLICIES,
    REFUSE_AUDIT_CHANGE,
    appendOnly('audit_log'),
    asGatekeeper(AUDIT_TENANT_ACCESS, ...EARLIER_TABLES.map(auditTable), AUDIT_SESSIONS),
  ],
  down: [
    ...dropTriggers(AUDIT_SESSIONS),
    ...EARLIER_TABLES.map((table) => `DROP TRIGGER ${table}_audit ON public.${table}`),
    'DROP TABLE public.audit_log',
    'DROP FUNCTION public.audit_tenant_access(), public.refuse_audit_change()',
  ],
};
