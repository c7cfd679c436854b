import {
  asGatekeeper,
  definerFunction,
  hasPermission,
  OPERATOR_ROLE,
  protectTenantTable,
  type SchemaPart,
} from '@poc-tracker/tenancy';

/* One row per tenant, so that locking it makes the limits exact. */
const TABLE = `
  CREATE TABLE public.tenant_usage (
    tenant_id uuid NOT NULL CONSTRAINT tenant_usage_pkey PRIMARY KEY
      CONSTRAINT tenant_usage_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    user_count integer NOT NULL DEFAULT 0 CONSTRAINT tenant_usage_user_count_check CHECK (user_count >= 0),
    poc_count integer NOT NULL DEFAULT 0 CONSTRAINT tenant_usage_poc_count_check CHECK (poc_count >= 0),
    storage_bytes bigint NOT NULL DEFAULT 0 CONSTRAINT tenant_usage_storage_bytes_check CHECK (storage_bytes >= 0)
  )`;

const POLICIES = protectTenantTable({
  table: 'tenant_usage',
  policies: { select: hasPermission('view_usage') },
  operators: ['select'],
  gatekeeper: {
    select: true,
    insert: ['tenant_id'],
    update: ['user_count', 'poc_count', 'storage_bytes'],
    delete: true,
  },
});

const OPEN_TENANT_USAGE = definerFunction({
  signature: 'open_tenant_usage()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  INSERT INTO public.tenant_usage (tenant_id) VALUES (NEW.id);
  RETURN NULL;
END`,
});

/*
 * Called by the counting triggers of users, pocs and poc_files. It raises the count first, which locks the row, and
 * compares it with the limit in a second statement. That statement has a later snapshot, so it sees a limit that was
 * lowered while this transaction waited for the lock. An error undoes the raised count, and reports limits and usage.
 */
const ADD_TENANT_USAGE = definerFunction({
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
  SELECT t.max_users AS users, t.max_pocs AS pocs, t.max_storage_gb * 1073741824::bigint AS bytes,
         t.max_storage_gb AS gigabytes
    INTO allowed FROM public.tenants t WHERE t.id = p_tenant;
  refused := CASE WHEN p_users > 0 AND now_used.users <= allowed.users IS NOT TRUE THEN 'user'
                  WHEN p_pocs > 0 AND now_used.pocs <= allowed.pocs IS NOT TRUE THEN 'poc'
                  WHEN p_bytes > 0 AND now_used.bytes <= allowed.bytes IS NOT TRUE THEN 'storage' END;
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION 'the tenant has reached its limit' USING
      ERRCODE = 'check_violation',
      TABLE = 'tenant_usage',
      CONSTRAINT = format('tenant_%s_limit', refused),
      DETAIL = json_build_object(
        'maxUsers', allowed.users, 'maxPocs', allowed.pocs, 'maxStorageGb', allowed.gigabytes,
        'users', now_used.users - p_users, 'pocs', now_used.pocs - p_pocs, 'storageBytes', now_used.bytes - p_bytes);
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
 * Recounts everything, for operators, after a check found that the counts differ. The second statement counts under the
 * lock of the first, so a transaction that adds something meanwhile either is in the result or adds to it afterwards.
 * The tables are created by later migrations.
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
     SET user_count = (SELECT count(*) FROM public.users x WHERE x.tenant_id = p_tenant AND x.status = 'active'),
         poc_count = (SELECT count(*) FROM public.pocs x WHERE x.tenant_id = p_tenant),
         storage_bytes = (SELECT coalesce(sum(x.counted_bytes), 0) FROM public.poc_files x WHERE x.tenant_id = p_tenant)
   WHERE u.tenant_id = p_tenant;
END`,
});

const USAGE_ROW = `
  CREATE TRIGGER tenants_usage AFTER INSERT ON public.tenants
    FOR EACH ROW EXECUTE FUNCTION public.open_tenant_usage()`;

/** What a tenant uses of its limits. Every tenant has a row, except while it is being purged. */
export const TENANT_USAGE: SchemaPart = {
  up: [
    TABLE,
    POLICIES,
    asGatekeeper(OPEN_TENANT_USAGE, ADD_TENANT_USAGE, REPAIR_TENANT_USAGE, USAGE_ROW),
  ],
  down: [
    'DROP TRIGGER tenants_usage ON public.tenants',
    `DROP FUNCTION public.open_tenant_usage(), public.add_tenant_usage(uuid, integer, integer, bigint),
       public.repair_tenant_usage(uuid)`,
    'DROP TABLE public.tenant_usage',
  ],
};
