import {
  asGatekeeper,
  definerFunction,
  dropTriggers,
  OPERATOR_ROLE,
  protectTenantTable,
  type SchemaPart,
} from '@poc-tracker/tenancy';
import { MAY_SEE } from './user-sessions.js';

/*
 * Without foreign keys: a row outlives its session for as long as an access token of the session may be valid.
 *
 * The generations from previous_generation to generation include every one whose access token may still be valid. A window
 * lasts longer than a token, so tokens from before the previous window have expired.
 */
const TABLE = `
  CREATE TABLE public.session_changes (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    generation integer NOT NULL,
    window_started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    window_generation integer NOT NULL,
    previous_generation integer NOT NULL,
    last_accessed_at timestamptz NOT NULL,
    -- When the session ended, or will end unless it is used.
    ends_at timestamptz NOT NULL,
    -- The latest transaction that changed the session: revocation_events.xid says why it is not a time.
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT session_changes_pkey PRIMARY KEY (tenant_id, session_id)
  );
  CREATE INDEX session_changes_xid_idx ON public.session_changes (xid, tenant_id, session_id);
  CREATE INDEX session_changes_user_idx ON public.session_changes (tenant_id, user_id);
  CREATE INDEX session_changes_ends_at_idx ON public.session_changes (ends_at)`;

const POLICIES = protectTenantTable({
  table: 'session_changes',
  policies: { select: MAY_SEE },
  columns: { update: ['last_accessed_at', 'xid'] },
  operators: ['select', 'update', 'delete'],
  gatekeeper: { select: true, insert: true, update: true },
});

/* A trigger, so that no statement that opens, uses or ends a session can leave it out. */
const NOTE_SESSION_CHANGE = definerFunction({
  signature: 'note_session_change()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  IF TG_OP = 'DELETE' THEN
    UPDATE public.session_changes c
       SET ends_at = least(c.ends_at, clock_timestamp()), xid = pg_current_xact_id()
     WHERE c.tenant_id = OLD.tenant_id AND c.session_id = OLD.id;
    RETURN NULL;
  END IF;
  INSERT INTO public.session_changes AS c
         (tenant_id, session_id, user_id, generation, window_generation, previous_generation, last_accessed_at, ends_at)
  VALUES (NEW.tenant_id, NEW.id, NEW.user_id, NEW.generation, NEW.generation, NEW.generation, NEW.last_used_at,
          CASE WHEN NEW.is_active THEN NEW.expires_at
            ELSE least(coalesce(NEW.revoked_at, clock_timestamp()), NEW.expires_at) END)
  ON CONFLICT (tenant_id, session_id) DO UPDATE
     SET generation = EXCLUDED.generation,
         window_started_at = CASE WHEN c.window_started_at < clock_timestamp() - interval '16 minutes'
           THEN clock_timestamp() ELSE c.window_started_at END,
         window_generation = CASE WHEN c.window_started_at < clock_timestamp() - interval '16 minutes'
           THEN EXCLUDED.generation ELSE c.window_generation END,
         previous_generation = CASE WHEN c.window_started_at < clock_timestamp() - interval '16 minutes'
           THEN c.window_generation ELSE c.previous_generation END,
         last_accessed_at = greatest(c.last_accessed_at, EXCLUDED.last_accessed_at),
         -- Tokens are valid until the change is made, also if it puts the end into the past.
         ends_at = greatest(EXCLUDED.ends_at, least(c.ends_at, clock_timestamp())),
         xid = pg_current_xact_id();
  RETURN NULL;
END`,
});

const TRIGGERS = `
  CREATE TRIGGER user_sessions_noted AFTER INSERT OR UPDATE OR DELETE ON public.user_sessions
    FOR EACH ROW EXECUTE FUNCTION public.note_session_change()`;

/** There are two index conditions, for the reason that revocations_since() states. */
const changesWhere = (isNew: string): string => `
      (SELECT c.xid, c.tenant_id, c.session_id AS id, 'session' AS kind, c.session_id AS subject
         FROM public.session_changes c
        WHERE ${isNew} AND (c.xid, c.tenant_id, c.session_id) > (last_xid, last_tenant, last_id)
        ORDER BY c.xid, c.tenant_id, c.session_id LIMIT most)
      UNION ALL
      (SELECT c.xid, c.tenant_id, c.id, c.kind, c.subject_id
         FROM public.revocation_events c
        WHERE ${isNew} AND (c.xid, c.tenant_id, c.id) > (last_xid, last_tenant, last_id) AND c.kind <> 'session'
        ORDER BY c.xid, c.tenant_id, c.id LIMIT most)`;

/*
 * Returns what has changed since a cursor, at most 5,000 changes at a time: each session that was opened, used, changed or
 * ended, and the users and tenants of the revocation feed. Its events of sessions repeat what is noted here. complete is false
 * if the cursor is missing or of another source (revocations_since() says which).
 *
 * If there are more changes, next_cursor is a position between two of them: the snapshot from which they are counted, the
 * snapshot up to which they are, and the last change returned. A change that is committed in the meantime is not in the second
 * snapshot, with which the reader continues at the end. So the changes to read are finite however many arrive, and a session that
 * changes again while they are read is returned again.
 */
const SESSION_CHANGES_SINCE = definerFunction({
  signature: 'session_changes_since(p_cursor text)',
  returns: 'TABLE (source text, next_cursor text, complete boolean, more boolean, events jsonb)',
  language: 'plpgsql',
  volatility: 'stable',
  callers: [OPERATOR_ROLE],
  body: `
DECLARE
  most CONSTANT integer := 5000;
  parts CONSTANT text[] := string_to_array(p_cursor, '/');
  since pg_snapshot;
  until pg_snapshot;
  open_then xid8[];
  last_xid xid8 := '0';
  last_tenant uuid := '00000000-0000-0000-0000-000000000000';
  last_id uuid := last_tenant;
  changed integer;
BEGIN
  SELECT r.source, r.next_cursor INTO source, next_cursor FROM public.revocations_since(NULL) r;
  complete := coalesce(parts[1] = source, false);
  more := false;
  events := '[]';
  IF complete THEN
    since := parts[2]::pg_snapshot;
    open_then := ARRAY(SELECT pg_snapshot_xip(since));
    IF cardinality(parts) > 2 THEN
      next_cursor := source || '/' || parts[3];
      last_xid := parts[4]::xid8;
      last_tenant := parts[5]::uuid;
      last_id := parts[6]::uuid;
    END IF;
    until := split_part(next_cursor, '/', 2)::pg_snapshot;
    WITH changes AS (
      ${changesWhere('c.xid >= pg_snapshot_xmax(since) AND c.xid < pg_snapshot_xmax(until)')}
      UNION ALL
      ${changesWhere('c.xid = ANY (open_then)')}
      ORDER BY xid, tenant_id, id LIMIT most
    ), last AS (
      SELECT xid, tenant_id, id FROM changes ORDER BY xid DESC, tenant_id DESC, id DESC LIMIT 1
    )
    SELECT count(*), jsonb_agg(jsonb_build_array(e.kind, e.tenant_id, e.subject)), l.xid, l.tenant_id, l.id
      INTO changed, events, last_xid, last_tenant, last_id
      FROM changes e, last l GROUP BY l.xid, l.tenant_id, l.id;
    events := coalesce(events, '[]');
    more := coalesce(changed = most, false);
    IF more THEN
      next_cursor := concat_ws('/', source, since, until, last_xid, last_tenant, last_id);
    END IF;
  END IF;
  RETURN NEXT;
END`,
});

/** What the mirror of sessions reads: which sessions have changed, and which access tokens they may have. */
export const SESSION_CHANGES: SchemaPart = {
  up: [TABLE, POLICIES, asGatekeeper(NOTE_SESSION_CHANGE, TRIGGERS, SESSION_CHANGES_SINCE)],
  down: [
    ...dropTriggers(TRIGGERS),
    'DROP TABLE public.session_changes',
    `DROP FUNCTION public.note_session_change(), public.session_changes_since(text)`,
  ],
};
