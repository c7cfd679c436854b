import {
  asGatekeeper,
  definerFunction,
  OPERATOR_ROLE,
  type SchemaPart,
} from '@poc-tracker/tenancy';
import { USAGE_EVENT_KINDS } from '../create-tenants/usage-events.js';

/*
 * Marco Civil da Internet (Lei 12.965/2014), art. 15: records of access are kept for six months. The database refuses to
 * delete younger ones, so that the login of scheduled work cannot erase traces. In UTC: in a zone with daylight saving time, six
 * months can be an hour longer than 184 days, the shortest setting.
 */
export const REFUSE_YOUNG = `IF (p_before > (now() AT TIME ZONE 'UTC' - interval '6 months') AT TIME ZONE 'UTC') IS NOT FALSE THEN
    RAISE EXCEPTION 'records are kept for at least six months' USING
      ERRCODE = 'insufficient_privilege', CONSTRAINT = 'retention_minimum';
  END IF;`;

/*
 * Waits for no row longer than half a second. The lock makes the begin of a purge wait for the batch, and a batch that comes
 * later find the purge. An IF that the caller completes.
 */
export const LOCK_TENANT = `PERFORM set_config('lock_timeout', '500ms', true);
  PERFORM FROM public.tenants t WHERE t.id = p_tenant FOR KEY SHARE SKIP LOCKED;
  IF NOT FOUND OR public.is_being_purged(p_tenant) THEN`;

/* Records a batch in the audit log of its tenant, in the transaction that deletes it. */
const RECORD_PRUNING = definerFunction({
  signature:
    'record_pruning(p_tenant uuid, p_data text, p_rows integer, p_from timestamptz, p_to timestamptz)',
  returns: 'void',
  language: 'sql',
  body: `
INSERT INTO public.security_events (tenant_id, type, result, actor_kind, target_type, target_id, details)
SELECT p_tenant, 'retention.pruned', 'success', 'system', 'tenant', p_tenant::text,
       jsonb_build_object('data', p_data, 'rows', p_rows, 'from', p_from, 'to', p_to)
 WHERE p_rows > 0`,
});

/**
 * A function that deletes a batch of old rows of a tenant, records it and returns their number.
 * @param rows CTEs, of which `gone` deletes the rows and returns their `time`
 */
function pruneFunction({
  name,
  data,
  rows,
  time,
}: Record<'name' | 'data' | 'rows' | 'time', string>): ReturnType<typeof definerFunction> {
  return definerFunction({
    signature: `${name}(p_tenant uuid, p_before timestamptz, p_limit integer)`,
    returns: 'integer',
    language: 'plpgsql',
    callers: [OPERATOR_ROLE],
    body: `
DECLARE
  pruned integer;
  first timestamptz;
  last timestamptz;
BEGIN
  ${REFUSE_YOUNG}
  ${LOCK_TENANT}
    RETURN 0;
  END IF;
  WITH ${rows}
  SELECT count(*), min(g.${time}), max(g.${time}) INTO pruned, first, last FROM gone g;
  PERFORM public.record_pruning(p_tenant, '${data}', pruned, first, last);
  RETURN pruned;
END`,
  });
}

/*
 * Deletes sessions that ended before a time, those that ended first before others. It does not trust the end alone, because the
 * login of the service can put it into the past: the session must have been opened before that time as well. A session that
 * is locked waits for the next run.
 */
const PRUNE_SESSIONS = pruneFunction({
  name: 'prune_sessions',
  data: 'sessions',
  rows: `expired AS (
    SELECT s.id, s.expires_at AS ended_at FROM public.user_sessions s
     WHERE s.tenant_id = p_tenant AND s.is_active AND s.expires_at < p_before AND s.created_at < p_before
     ORDER BY s.expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED
  ), revoked AS (
    SELECT s.id, coalesce(s.revoked_at, s.expires_at) AS ended_at FROM public.user_sessions s
     WHERE s.tenant_id = p_tenant AND NOT s.is_active AND coalesce(s.revoked_at, s.expires_at) < p_before
       AND s.created_at < p_before
     ORDER BY coalesce(s.revoked_at, s.expires_at) LIMIT p_limit FOR UPDATE SKIP LOCKED
  ), ended AS (
    SELECT * FROM expired UNION ALL SELECT * FROM revoked ORDER BY ended_at LIMIT p_limit
  ), gone AS (
    DELETE FROM public.user_sessions s USING ended e WHERE s.tenant_id = p_tenant AND s.id = e.id RETURNING e.ended_at
  )`,
  time: 'ended_at',
});

/* Keeps the latest event of each level, which says since when it has been reached. */
const PRUNE_USAGE_EVENTS = pruneFunction({
  name: 'prune_usage_events',
  data: 'usage',
  rows: `outdated AS (
    SELECT o.id
      FROM ${USAGE_EVENT_KINDS},
           LATERAL (SELECT e.id FROM public.usage_events e
                     WHERE e.tenant_id = p_tenant AND e.resource = k.resource AND e.level = k.level
                       AND e.created_at < least(p_before, (
                             SELECT max(x.created_at) FROM public.usage_events x
                              WHERE x.tenant_id = p_tenant AND x.resource = k.resource AND x.level = k.level))
                     ORDER BY e.created_at LIMIT p_limit) o
     LIMIT p_limit
  ), gone AS (
    DELETE FROM public.usage_events e USING outdated o WHERE e.tenant_id = p_tenant AND e.id = o.id RETURNING e.created_at
  )`,
  time: 'created_at',
});

/** Deletes rows whose retention period has ended, batch by batch. The rows of the audit log have functions of their own. */
export const RETENTION: SchemaPart = {
  up: [asGatekeeper(RECORD_PRUNING, PRUNE_SESSIONS, PRUNE_USAGE_EVENTS)],
  down: [
    `DROP FUNCTION public.prune_sessions(uuid, timestamptz, integer),
       public.prune_usage_events(uuid, timestamptz, integer),
       public.record_pruning(uuid, text, integer, timestamptz, timestamptz)`,
  ],
};
