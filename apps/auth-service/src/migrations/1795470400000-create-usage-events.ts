import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  asGatekeeper,
  definerFunction,
  GATEKEEPER_ROLE,
  OPERATOR_ROLE,
  protectTenantTable,
} from '@poc-tracker/tenancy';
import { ADD_TENANT_USAGE } from './1795460100000-create-tenants.js';

/**
 * What a tenant was given beside its plan is stored as such; nearing and reaching a limit leaves a record; the counted
 * usage can be held against a recount.
 */
export class CreateUsageEvents1795470400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(LIMIT_OVERRIDES);
    await runner.query(TABLE);
    await runner.query(
      protectTenantTable({
        table: 'usage_events',
        policies: { select: 'true' },
        operators: ['select'],
        gatekeeper: { insert: true },
      }),
    );
    await runner.query(RECOUNT_RIGHTS);
    await runner.query(
      asGatekeeper(
        RECORD_USAGE_EVENTS,
        'DROP FUNCTION public.add_tenant_usage(uuid, integer, integer, bigint)',
        ADD_TENANT_USAGE_WITH_EVENTS,
        NOTE_LIMIT_CHANGE,
        REPAIR_TENANT_USAGE,
        LIMITS_TRIGGER,
      ),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      asGatekeeper(
        `DROP TRIGGER tenants_limits ON public.tenants`,
        `DROP FUNCTION public.note_limit_change(), public.repair_tenant_usage(uuid),
           public.add_tenant_usage(uuid, integer, integer, bigint)`,
        ADD_TENANT_USAGE,
        'DROP FUNCTION public.record_usage_events(uuid, text, bigint, bigint, bigint, bigint)',
      ),
    );
    await runner.query(RECOUNT_RIGHTS_GONE);
    await runner.query(`
      DROP TABLE public.usage_events;
      ALTER TABLE public.tenants DROP COLUMN limit_overrides`);
  }
}

/*
 * The columns max_users, max_pocs and max_storage_gb hold what is in force. A limit of an existing tenant that is not
 * that of its plan (as the plans were when this was written) was given to the tenant.
 */
const LIMIT_OVERRIDES = `
  ALTER TABLE public.tenants ADD COLUMN limit_overrides jsonb NOT NULL DEFAULT '{}'
    CONSTRAINT tenants_limit_overrides_check CHECK (jsonb_typeof(limit_overrides) = 'object');
  -- The owner sees no row under FORCE; within this transaction, and nobody else meanwhile, it does.
  ALTER TABLE public.tenants NO FORCE ROW LEVEL SECURITY;
  ALTER TABLE public.tenants DISABLE TRIGGER USER;
  UPDATE public.tenants t
     SET limit_overrides = jsonb_strip_nulls(jsonb_build_object(
           'maxUsers', CASE WHEN t.max_users <> p.users THEN t.max_users END,
           'maxPocs', CASE WHEN t.max_pocs <> p.pocs THEN t.max_pocs END,
           'maxStorageGb', CASE WHEN t.max_storage_gb <> p.storage THEN t.max_storage_gb END))
    FROM (VALUES ('basic', 10, 100, 5), ('pro', 100, 1000, 50), ('enterprise', 1000, 10000, 500))
           AS p (plan, users, pocs, storage)
   WHERE p.plan = t.plan_type
     AND (t.max_users, t.max_pocs, t.max_storage_gb) IS DISTINCT FROM (p.users, p.pocs, p.storage);
  ALTER TABLE public.tenants ENABLE TRIGGER USER;
  ALTER TABLE public.tenants FORCE ROW LEVEL SECURITY`;

const TABLE = `
  CREATE TABLE public.usage_events (
    tenant_id uuid NOT NULL CONSTRAINT usage_events_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    resource text NOT NULL
      CONSTRAINT usage_events_resource_check CHECK (resource IN ('users', 'pocs', 'storage')),
    level text NOT NULL CONSTRAINT usage_events_level_check CHECK (level IN ('warning', 'reached')),
    used bigint NOT NULL CONSTRAINT usage_events_used_check CHECK (used >= 0),
    allowed bigint NOT NULL CONSTRAINT usage_events_allowed_check CHECK (allowed >= 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT usage_events_pkey PRIMARY KEY (tenant_id, id)
  );
  CREATE INDEX usage_events_latest_idx ON public.usage_events (tenant_id, resource, level, created_at)`;

/* What a recount reads, column by column; it has this of users already. */
const RECOUNT_RIGHTS = `
  CREATE POLICY pocs_select_${GATEKEEPER_ROLE} ON public.pocs FOR SELECT TO ${GATEKEEPER_ROLE} USING (true);
  GRANT SELECT (tenant_id) ON public.pocs TO ${GATEKEEPER_ROLE};
  CREATE POLICY poc_files_select_${GATEKEEPER_ROLE} ON public.poc_files FOR SELECT TO ${GATEKEEPER_ROLE} USING (true);
  GRANT SELECT (tenant_id, file_size) ON public.poc_files TO ${GATEKEEPER_ROLE}`;

const RECOUNT_RIGHTS_GONE = `
  REVOKE SELECT (tenant_id, file_size) ON public.poc_files FROM ${GATEKEEPER_ROLE};
  DROP POLICY poc_files_select_${GATEKEEPER_ROLE} ON public.poc_files;
  REVOKE SELECT (tenant_id) ON public.pocs FROM ${GATEKEEPER_ROLE};
  DROP POLICY pocs_select_${GATEKEEPER_ROLE} ON public.pocs`;

/*
 * One event for each of 80 and 100 % that lies above what was used of the old limit and not above what is used of the
 * new one: once a crossing, and again only after usage fell below. It is written by whoever crosses, in the same
 * transaction: none is lost, and an insert that is rolled back leaves none. numeric: bytes times 100 exceed bigint.
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
 * The count is raised first, which takes the row's lock, and held against the limit afterwards: the second statement
 * has a snapshot of its own, so that a limit that was lowered while this waited for the lock is seen. A refusal takes
 * the raised count back, and tells limit and usage.
 */
const ADD_TENANT_USAGE_WITH_EVENTS = definerFunction({
  signature: 'add_tenant_usage(p_tenant uuid, p_users integer, p_pocs integer, p_bytes bigint)',
  returns: 'void',
  language: 'plpgsql',
  body: `
DECLARE
  now_used record;
  allowed record;
  refused text;
BEGIN
  UPDATE public.tenant_usage u
     SET user_count = u.user_count + p_users,
         poc_count = u.poc_count + p_pocs,
         storage_bytes = u.storage_bytes + p_bytes
   WHERE u.tenant_id = p_tenant
  RETURNING u.user_count AS users, u.poc_count AS pocs, u.storage_bytes AS bytes INTO now_used;
  -- Less of something is always allowed; without a row the tenant itself is being deleted.
  IF p_users <= 0 AND p_pocs <= 0 AND p_bytes <= 0 THEN
    RETURN;
  END IF;
  SELECT t.max_users AS users, t.max_pocs AS pocs, t.max_storage_gb * 1073741824::bigint AS bytes
    INTO allowed FROM public.tenants t WHERE t.id = p_tenant;
  refused := CASE WHEN p_users > 0 AND now_used.users <= allowed.users IS NOT TRUE THEN 'user'
                  WHEN p_pocs > 0 AND now_used.pocs <= allowed.pocs IS NOT TRUE THEN 'poc'
                  WHEN p_bytes > 0 AND now_used.bytes <= allowed.bytes IS NOT TRUE THEN 'storage' END;
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION 'the tenant has reached its limit' USING
      ERRCODE = 'check_violation',
      TABLE = 'tenant_usage',
      CONSTRAINT = format('tenant_%s_limit', refused),
      DETAIL = CASE refused
        WHEN 'user' THEN json_build_object('limit', allowed.users, 'usage', now_used.users - p_users)
        WHEN 'poc' THEN json_build_object('limit', allowed.pocs, 'usage', now_used.pocs - p_pocs)
        ELSE json_build_object('limit', allowed.bytes, 'usage', now_used.bytes - p_bytes) END;
  END IF;
  IF p_users > 0 THEN
    PERFORM public.record_usage_events(
      p_tenant, 'users', now_used.users - p_users, allowed.users, now_used.users, allowed.users);
  END IF;
  IF p_pocs > 0 THEN
    PERFORM public.record_usage_events(
      p_tenant, 'pocs', now_used.pocs - p_pocs, allowed.pocs, now_used.pocs, allowed.pocs);
  END IF;
  IF p_bytes > 0 THEN
    PERFORM public.record_usage_events(
      p_tenant, 'storage', now_used.bytes - p_bytes, allowed.bytes, now_used.bytes, allowed.bytes);
  END IF;
END`,
});

/*
 * A limit that is lowered can be crossed without anybody adding anything. The lock on the tenant's usage makes every
 * count that is under way come before this change or see it.
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

/*
 * For operators, after a check found that the counts differ. Under the lock, and with a snapshot taken after it: who
 * adds something at this moment has been counted by both, or is counted by neither and adds to the result.
 */
const REPAIR_TENANT_USAGE = definerFunction({
  signature: 'repair_tenant_usage(p_tenant uuid)',
  returns: 'void',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
BEGIN
  PERFORM FROM public.tenant_usage WHERE tenant_id = p_tenant FOR UPDATE;
  UPDATE public.tenant_usage u
     SET user_count = (SELECT count(*) FROM public.users x WHERE x.tenant_id = p_tenant),
         poc_count = (SELECT count(*) FROM public.pocs x WHERE x.tenant_id = p_tenant),
         storage_bytes = (SELECT coalesce(sum(x.file_size), 0) FROM public.poc_files x WHERE x.tenant_id = p_tenant)
   WHERE u.tenant_id = p_tenant;
END`,
});

const LIMITS_TRIGGER = `
  CREATE TRIGGER tenants_limits AFTER UPDATE OF max_users, max_pocs, max_storage_gb ON public.tenants
    FOR EACH ROW EXECUTE FUNCTION public.note_limit_change()`;
