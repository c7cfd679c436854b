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
  CREATE INDEX session_changes_xid_idx ON public.session_changes (xid);
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

/*
 * Like revocations_since(), of which it returns the events, and with each session that was opened, used, changed or ended.
 * One statement, hence one snapshot, for both.
 */
const SESSION_CHANGES_SINCE = definerFunction({
  signature: 'session_changes_since(p_cursor text)',
  returns: 'TABLE (source text, next_cursor text, complete boolean, events jsonb)',
  language: 'plpgsql',
  volatility: 'stable',
  callers: [OPERATOR_ROLE],
  body: `
DECLARE
  most CONSTANT integer := 5000;
  seen pg_snapshot;
  open_then xid8[];
  changed jsonb;
BEGIN
  SELECT r.source, r.next_cursor, r.complete, r.events INTO source, next_cursor, complete, events
    FROM public.revocations_since(p_cursor) r;
  IF complete THEN
    seen := split_part(p_cursor, '/', 2)::pg_snapshot;
    open_then := ARRAY(SELECT pg_snapshot_xip(seen));
    SELECT count(*) <= most, coalesce(jsonb_agg(jsonb_build_array('session', e.tenant_id, e.session_id)), '[]')
      INTO complete, changed
      FROM (SELECT c.tenant_id, c.session_id
              FROM public.session_changes c WHERE c.xid >= pg_snapshot_xmax(seen)
            UNION ALL
            SELECT c.tenant_id, c.session_id
              FROM public.session_changes c WHERE c.xid = ANY (open_then)
             LIMIT most + 1) e;
    events := CASE WHEN complete THEN events || changed ELSE '[]' END;
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
