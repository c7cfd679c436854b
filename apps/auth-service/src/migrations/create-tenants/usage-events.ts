import {
  asGatekeeper,
  definerFunction,
  hasPermission,
  protectTenantTable,
  type SchemaPart,
} from '@poc-tracker/tenancy';

/** What has a limit, and how near its use can come to it. */
const USAGE_RESOURCES = `'users', 'pocs', 'storage'`;
const USAGE_LEVELS = `'warning', 'reached'`;

/** Rows of an alias `k` with each `resource` and `level` that an event can have. */
export const USAGE_EVENT_KINDS = `(SELECT r.resource, l.level
        FROM unnest(ARRAY[${USAGE_RESOURCES}]) r (resource), unnest(ARRAY[${USAGE_LEVELS}]) l (level)) k`;

const TABLE = `
  CREATE TABLE public.usage_events (
    tenant_id uuid NOT NULL CONSTRAINT usage_events_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    resource text NOT NULL
      CONSTRAINT usage_events_resource_check CHECK (resource IN (${USAGE_RESOURCES})),
    level text NOT NULL CONSTRAINT usage_events_level_check CHECK (level IN (${USAGE_LEVELS})),
    used bigint NOT NULL CONSTRAINT usage_events_used_check CHECK (used >= 0),
    allowed bigint NOT NULL CONSTRAINT usage_events_allowed_check CHECK (allowed >= 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When the admins were told, or it was decided that they are not.
    told_at timestamptz,
    CONSTRAINT usage_events_pkey PRIMARY KEY (tenant_id, id)
  );
  CREATE INDEX usage_events_latest_idx ON public.usage_events (tenant_id, resource, level, created_at);
  CREATE INDEX usage_events_untold_idx ON public.usage_events (tenant_id) WHERE told_at IS NULL`;

const POLICIES = protectTenantTable({
  table: 'usage_events',
  policies: { select: hasPermission('view_usage') },
  columns: { update: ['told_at'] },
  operators: ['select', 'update'],
  gatekeeper: { select: true, insert: true, delete: true },
});

/*
 * Inserts one event for each threshold (80 % and 100 %) that usage has just crossed, so a threshold is reported again
 * only after usage fell below it. It runs in the transaction that crosses the threshold: no event is lost, and a
 * rollback leaves none. It compares as numeric, because bytes times 100 exceed bigint.
 */
const RECORD_USAGE_EVENTS = definerFunction({
  signature:
    'record_usage_events(p_tenant uuid, p_resource text, p_before bigint, p_limit_before bigint, p_used bigint, p_limit bigint)',
  returns: 'void',
  language: 'sql',
  body: `
INSERT INTO public.usage_events (tenant_id, resource, level, used, allowed)
SELECT p_tenant, p_resource, l.level, p_used, p_limit
  FROM (VALUES ('warning', 80), ('reached', 100)) AS l (level, percent)
 WHERE p_used > 0
   AND p_used::numeric * 100 >= p_limit::numeric * l.percent
   AND (p_before = 0 OR p_before::numeric * 100 < p_limit_before::numeric * l.percent)`,
});

/*
 * Lowering a limit can cross a threshold as well. The lock on the tenant's usage orders this change before or after
 * every count that runs at the same time.
 */
const NOTE_LIMIT_CHANGE = definerFunction({
  signature: 'note_limit_change()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  used record;
BEGIN
  SELECT u.user_count, u.poc_count, u.storage_bytes INTO used
    FROM public.tenant_usage u WHERE u.tenant_id = NEW.id FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM public.record_usage_events(
    NEW.id, 'users', used.user_count, OLD.max_users, used.user_count, NEW.max_users);
  PERFORM public.record_usage_events(
    NEW.id, 'pocs', used.poc_count, OLD.max_pocs, used.poc_count, NEW.max_pocs);
  PERFORM public.record_usage_events(
    NEW.id, 'storage', used.storage_bytes, OLD.max_storage_gb * 1073741824::bigint,
    used.storage_bytes, NEW.max_storage_gb * 1073741824::bigint);
  RETURN NULL;
END`,
});

const LIMITS = `
  CREATE TRIGGER tenants_limits AFTER UPDATE OF max_users, max_pocs, max_storage_gb ON public.tenants
    FOR EACH ROW EXECUTE FUNCTION public.note_limit_change()`;

/** What happened when a tenant came near one of its limits, or reached it. */
export const USAGE_EVENTS: SchemaPart = {
  up: [TABLE, POLICIES, asGatekeeper(RECORD_USAGE_EVENTS, NOTE_LIMIT_CHANGE, LIMITS)],
  down: [
    'DROP TRIGGER tenants_limits ON public.tenants',
    `DROP FUNCTION public.note_limit_change(),
       public.record_usage_events(uuid, text, bigint, bigint, bigint, bigint)`,
    'DROP TABLE public.usage_events',
  ],
};
