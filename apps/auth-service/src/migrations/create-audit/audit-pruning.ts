import {
  asGatekeeper,
  definerFunction,
  hasPermission,
  OPERATOR_ROLE,
  protectTenantTable,
  type SchemaPart,
} from '@poc-tracker/tenancy';
import { LOCK_TENANT, REFUSE_YOUNG } from './retention.js';

/*
 * Where a tenant's chain begins: the last link that was deleted after the retention period, with its entry. The next link
 * contains this hash. Positions have no gaps, so the position is also the number of deleted entries.
 */
const TABLE = `
  CREATE TABLE public.audit_anchors (
    tenant_id uuid NOT NULL CONSTRAINT audit_anchors_pkey PRIMARY KEY,
    position bigint NOT NULL DEFAULT 0,
    hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
      CONSTRAINT audit_anchors_hash_check CHECK (octet_length(hash) = 32),
    entry_table text,
    entry_id uuid,
    moved_at timestamptz,
    -- Up to where entries may be deleted, and the security event that says so.
    announced_position bigint NOT NULL DEFAULT 0
      CONSTRAINT audit_anchors_announced_position_check CHECK (announced_position >= position),
    announced_in uuid
  )`;

const POLICIES = protectTenantTable({
  table: 'audit_anchors',
  policies: { select: hasPermission('view_audit') },
  operators: ['select'],
  gatekeeper: { select: true, insert: ['tenant_id'], update: true, delete: true },
});

/*
 * Records which entries will be deleted, the oldest first, unless an earlier announcement is not finished. Nothing is deleted
 * before the event is in the chain: each log whose beginning is missing therefore contains the reason.
 *
 * The time of links grows with their position, so a binary search finds the last one that is old enough.
 */
const ANNOUNCE_AUDIT_PRUNING = definerFunction({
  signature: 'announce_audit_pruning(p_tenant uuid, p_before timestamptz)',
  returns: 'boolean',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
DECLARE
  anchor public.audit_anchors;
  low bigint;
  high bigint;
  middle bigint;
  event uuid;
BEGIN
  ${REFUSE_YOUNG}
  ${LOCK_TENANT}
    RETURN false;
  END IF;
  INSERT INTO public.audit_anchors (tenant_id) VALUES (p_tenant) ON CONFLICT DO NOTHING;
  SELECT a.* INTO anchor FROM public.audit_anchors a WHERE a.tenant_id = p_tenant FOR UPDATE;
  IF anchor.announced_position > anchor.position THEN
    RETURN false;
  END IF;
  low := anchor.position;
  SELECT coalesce(max(c.position), 0) INTO high FROM public.audit_chain c WHERE c.tenant_id = p_tenant;
  WHILE low < high LOOP
    middle := (low + high + 1) / 2;
    IF EXISTS (SELECT FROM public.audit_chain c
                WHERE c.tenant_id = p_tenant AND c.position = middle AND c.chained_at < p_before) THEN
      low := middle;
    ELSE
      high := middle - 1;
    END IF;
  END LOOP;
  IF low = anchor.position THEN
    RETURN false;
  END IF;
  INSERT INTO public.security_events (tenant_id, type, result, actor_kind, target_type, target_id, details)
  SELECT p_tenant, 'audit.pruning_announced', 'success', 'system', 'tenant', p_tenant::text,
         jsonb_build_object(
           'rows', low - anchor.position, 'from', f.chained_at, 'to', l.chained_at,
           'anchor', l.position || ':' || encode(l.hash, 'hex'))
    FROM public.audit_chain l
    LEFT JOIN public.audit_chain f ON f.tenant_id = p_tenant AND f.position = anchor.position + 1
   WHERE l.tenant_id = p_tenant AND l.position = low
  RETURNING id INTO event;
  UPDATE public.audit_anchors a SET announced_position = low, announced_in = event WHERE a.tenant_id = p_tenant;
  RETURN true;
END`,
});

/*
 * Deletes the oldest announced entries with their links and moves the anchor behind them. It stops where a link or an entry is
 * missing, so that it removes no evidence, and at an entry that is too young, which it determines itself: the job that
 * extends the chain states the time of a link.
 *
 * Admins have half a day to see the announcement and to verify the log. A job that is started again announces and deletes within
 * a minute otherwise.
 *
 * state: 'more', 'done', 'pending' while the announcement is young or waits for the chain, 'stopped' at such a place, or if the
 * announcement or its link was removed: it would be pending for ever.
 */
const PRUNE_AUDIT_LOG = definerFunction({
  signature: 'prune_audit_log(p_tenant uuid, p_before timestamptz, p_limit integer)',
  returns: 'TABLE (state text, deleted integer)',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
DECLARE
  anchor public.audit_anchors;
  last public.audit_chain;
BEGIN
  ${REFUSE_YOUNG}
  state := 'done';
  deleted := 0;
  ${LOCK_TENANT}
    RETURN NEXT;
    RETURN;
  END IF;
  SELECT a.* INTO anchor FROM public.audit_anchors a WHERE a.tenant_id = p_tenant FOR UPDATE;
  IF NOT FOUND OR anchor.announced_position = anchor.position THEN
    RETURN NEXT;
    RETURN;
  END IF;
  SELECT CASE
           WHEN s.id IS NULL THEN 'stopped'
           WHEN s.occurred_at > clock_timestamp() - interval '12 hours' THEN 'pending'
           WHEN c.entry_id IS NOT NULL THEN 'done'
           WHEN q.entry_id IS NOT NULL THEN 'pending'
           ELSE 'stopped'
         END INTO state
    FROM (VALUES (anchor.announced_in, 'security_events')) e (id, "table")
    LEFT JOIN public.security_events s ON s.tenant_id = p_tenant AND s.id = e.id
    LEFT JOIN public.audit_pending q ON q.tenant_id = p_tenant AND q.entry_id = e.id AND q.entry_table = e."table"
    LEFT JOIN public.audit_chain c ON c.tenant_id = p_tenant AND c.entry_id = e.id AND c.entry_table = e."table";
  IF state <> 'done' THEN
    RETURN NEXT;
    RETURN;
  END IF;
  SELECT c.* INTO last
    FROM public.audit_chain c
    JOIN (SELECT w.position, bool_and(w.prunable) OVER (ORDER BY w.position) AS prunable
            FROM (SELECT l.position,
                         l.position = anchor.position + row_number() OVER (ORDER BY l.position)
                           AND l.chained_at < p_before
                           AND coalesce(s.occurred_at, a."timestamp", 'infinity') < p_before AS prunable
                    FROM public.audit_chain l
                    LEFT JOIN public.security_events s
                      ON l.entry_table = 'security_events' AND s.tenant_id = l.tenant_id AND s.id = l.entry_id
                    LEFT JOIN public.audit_log a
                      ON l.entry_table = 'audit_log' AND a.tenant_id = l.tenant_id AND a.id = l.entry_id
                   WHERE l.tenant_id = p_tenant AND l.position > anchor.position
                     AND l.position <= least(anchor.announced_position, anchor.position + p_limit)) w) p
      ON p.position = c.position
   WHERE c.tenant_id = p_tenant AND p.prunable
   ORDER BY c.position DESC LIMIT 1;
  IF NOT FOUND THEN
    state := 'stopped';
    RETURN NEXT;
    RETURN;
  END IF;
  -- First, because it is what permits the deletions: refuse_audit_change() compares them with it.
  UPDATE public.audit_anchors a
     SET position = last.position, hash = last.hash, entry_table = last.entry_table, entry_id = last.entry_id,
         moved_at = clock_timestamp()
   WHERE a.tenant_id = p_tenant;
  DELETE FROM public.security_events s USING public.audit_chain c
   WHERE c.tenant_id = p_tenant AND c.position <= last.position AND c.entry_table = 'security_events'
     AND s.tenant_id = p_tenant AND s.id = c.entry_id;
  DELETE FROM public.audit_log a USING public.audit_chain c
   WHERE c.tenant_id = p_tenant AND c.position <= last.position AND c.entry_table = 'audit_log'
     AND a.tenant_id = p_tenant AND a.id = c.entry_id;
  DELETE FROM public.audit_chain c WHERE c.tenant_id = p_tenant AND c.position <= last.position;
  deleted := last.position - anchor.position;
  state := CASE WHEN last.position < anchor.announced_position THEN 'more' ELSE 'done' END;
  RETURN NEXT;
END`,
});

/** The end of an audit log's retention period: where its chain begins today, and what moves the beginning. */
export const AUDIT_PRUNING: SchemaPart = {
  up: [TABLE, POLICIES, asGatekeeper(ANNOUNCE_AUDIT_PRUNING, PRUNE_AUDIT_LOG)],
  down: [
    'DROP FUNCTION public.announce_audit_pruning(uuid, timestamptz), public.prune_audit_log(uuid, timestamptz, integer)',
    'DROP TABLE public.audit_anchors',
  ],
};
