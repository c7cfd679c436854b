import {
  asGatekeeper,
  definerFunction,
  dropTriggers,
  OPERATOR_ROLE,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

/* Without foreign keys: an event outlives the row that it reports. */
const TABLE = `
  CREATE TABLE public.revocation_events (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    kind text NOT NULL CONSTRAINT revocation_events_kind_check CHECK (kind IN ('session', 'user', 'tenant')),
    subject_id uuid NOT NULL,
    -- The transaction that inserted the event. Transactions do not commit in the order in which they begin, so neither
    -- an id nor a time tells which events a subscriber has not read yet. A snapshot does.
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    occurred_at timestamptz NOT NULL DEFAULT now(),
    -- When prune_revocations() first found the event committed. Retention counts from here and not from occurred_at.
    retired_at timestamptz,
    CONSTRAINT revocation_events_pkey PRIMARY KEY (tenant_id, id)
  );
  CREATE INDEX revocation_events_xid_idx ON public.revocation_events (xid, tenant_id, id);
  CREATE INDEX revocation_events_retired_at_idx ON public.revocation_events (retired_at)`;

const POLICIES = protectTenantTable({
  table: 'revocation_events',
  policies: {},
  operators: [],
  gatekeeper: { select: true, insert: true, update: ['retired_at'], delete: true },
});

/*
 * A tenant without a row of usage is being deleted. The event of the tenant covers all of its users and sessions, so none
 * is inserted for each of them. Its domains are few, and another tenant may take one before that event, so each has one.
 * The notification is empty: it only makes subscribers read the feed.
 */
const NOTE_REVOCATION = definerFunction({
  signature: 'note_revocation()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  tenant uuid;
  subject uuid;
BEGIN
  IF TG_TABLE_NAME = 'tenants' THEN
    tenant := coalesce(OLD.id, NEW.id);
    subject := tenant;
  ELSE
    tenant := coalesce(OLD.tenant_id, NEW.tenant_id);
    IF TG_OP = 'DELETE' AND TG_ARGV[0] <> 'tenant' AND NOT EXISTS (SELECT FROM public.tenant_usage u WHERE u.tenant_id = tenant) THEN
      RETURN NULL;
    END IF;
    IF TG_ARGV[0] = 'tenant' THEN
      subject := tenant;
    ELSIF TG_ARGV[0] = 'user' AND TG_TABLE_NAME = 'user_sessions' THEN
      subject := OLD.user_id;
    ELSE
      subject := OLD.id;
    END IF;
  END IF;
  INSERT INTO public.revocation_events (tenant_id, kind, subject_id) VALUES (tenant, TG_ARGV[0], subject);
  PERFORM pg_notify('poc_tracker_revocations', '');
  RETURN NULL;
END`,
});

/*
 * Returns each event that became visible since the cursor was issued, exactly once, and the next cursor.
 *
 * A cursor names a source and a snapshot in it. The source is one run of one server with this database: the identifier of
 * the cluster, the database, the start of the server and the last reset of its statistics. After a restart the server may be
 * a copy that lost transactions; a promoted standby has another start than the old primary; and after a crash, which resets
 * the statistics, the server may reuse the numbers of transactions that had not committed. A standby is no source: what
 * is committed on the primary may not have reached it.
 *
 * complete is false if the cursor is of another source, or if there are too many events to list. The subscriber must then
 * invalidate everything that it has cached.
 *
 * There are two index conditions: transactions that began after the snapshot, and those that were open in it. Otherwise
 * one long transaction would make every call read all events since it began.
 */
const REVOCATIONS_SINCE = definerFunction({
  signature: 'revocations_since(p_cursor text)',
  returns: 'TABLE (source text, next_cursor text, complete boolean, events jsonb)',
  language: 'plpgsql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
DECLARE
  most CONSTANT integer := 5000;
  here CONSTANT pg_snapshot := pg_current_snapshot();
  seen pg_snapshot;
  open_then xid8[];
BEGIN
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION 'revocations are read from the primary, and this server is a standby' USING
      ERRCODE = 'read_only_sql_transaction';
  END IF;
  SELECT concat_ws('-', c.system_identifier, d.oid, extract(epoch FROM pg_postmaster_start_time()),
           extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time()))
    INTO source
    FROM pg_control_system() c, pg_database d WHERE d.datname = current_database();
  next_cursor := source || '/' || here::text;
  complete := false;
  events := '[]';
  IF split_part(p_cursor, '/', 1) = source THEN
    seen := split_part(p_cursor, '/', 2)::pg_snapshot;
    open_then := ARRAY(SELECT pg_snapshot_xip(seen));
    SELECT count(*) <= most, coalesce(jsonb_agg(jsonb_build_array(e.kind, e.tenant_id, e.subject_id)), '[]')
      INTO complete, events
      FROM (SELECT r.kind, r.tenant_id, r.subject_id
              FROM public.revocation_events r WHERE r.xid >= pg_snapshot_xmax(seen)
            UNION ALL
            SELECT r.kind, r.tenant_id, r.subject_id
              FROM public.revocation_events r WHERE r.xid = ANY (open_then)
             LIMIT most + 1) e;
  END IF;
  IF NOT complete THEN
    events := '[]';
  END IF;
  RETURN NEXT;
END`,
});

/*
 * Keeps an event for twenty minutes after it was found committed; a subscriber that was away for longer must not trust
 * its cursor. If the time counted from occurred_at, the event of a long transaction could be deleted before any
 * subscriber has read it. At most p_limit events of either kind, found by their place, which is fixed while they are locked.
 */
const PRUNE_REVOCATIONS = definerFunction({
  signature: 'prune_revocations(p_limit integer)',
  returns: 'TABLE (deleted integer, retired integer)',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
BEGIN
  DELETE FROM public.revocation_events WHERE ctid = ANY (ARRAY(
    SELECT r.ctid FROM public.revocation_events r WHERE r.retired_at < now() - interval '20 minutes'
     ORDER BY r.retired_at LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS deleted = ROW_COUNT;
  UPDATE public.revocation_events SET retired_at = now() WHERE ctid = ANY (ARRAY(
    SELECT r.ctid FROM public.revocation_events r WHERE r.retired_at IS NULL LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS retired = ROW_COUNT;
  RETURN NEXT;
END`,
});

const RIGHTS = [
  'role',
  'permissions',
  'status',
  'custom_role_id',
  'must_change_password',
  'factors',
];
const rightsOf = (row: 'OLD' | 'NEW'): string =>
  `(${RIGHTS.map((column) => `${row}.${column}`).join(', ')})`;

/** The settings that are part of a tenant as processes cache it. */
const countrySettingsOf = (row: 'OLD' | 'NEW'): string =>
  `(${row}.setting_value -> 'countryPolicy', ${row}.setting_value -> 'allowedCountries', ${row}.setting_value -> 'deniedCountries')`;

/** The settings that are part of the status of a session. */
const factorSettingsOf = (row: 'OLD' | 'NEW'): string =>
  `(${row}.setting_value -> 'requireMFA', ${row}.setting_value -> 'mfaRoles', ${row}.setting_value -> 'rememberDevices')`;

const hasPolicy = (row: 'OLD' | 'NEW'): string =>
  `${row}.setting_key = 'security'
      AND (${row}.setting_value ->> 'countryPolicy' <> 'off' OR ${row}.setting_value -> 'requireMFA' = 'true')`;

const TRIGGERS = `
  CREATE TRIGGER user_sessions_ended AFTER UPDATE ON public.user_sessions
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION public.note_revocation('session');
  -- An event of the user, because shorten_sessions() moves the expiry of all their sessions at once. None where use moves
  -- it to a later time: a subscriber queries a session again before it refuses it as expired.
  CREATE TRIGGER user_sessions_moved AFTER UPDATE ON public.user_sessions
    FOR EACH ROW WHEN (NEW.expires_at < OLD.expires_at AND NEW.is_active)
    EXECUTE FUNCTION public.note_revocation('user');
  -- An event of the user: one of the session would revoke it.
  CREATE TRIGGER user_sessions_authenticated AFTER UPDATE ON public.user_sessions
    FOR EACH ROW WHEN (OLD.amr <> NEW.amr) EXECUTE FUNCTION public.note_revocation('user');
  -- None for a session that has expired: its status is not cached as active. The end of its retention is no revocation.
  CREATE TRIGGER user_sessions_deleted AFTER DELETE ON public.user_sessions
    FOR EACH ROW WHEN (OLD.is_active AND OLD.expires_at > now()) EXECUTE FUNCTION public.note_revocation('session');
  CREATE TRIGGER users_rights_changed AFTER UPDATE ON public.users
    FOR EACH ROW WHEN (${rightsOf('OLD')} IS DISTINCT FROM ${rightsOf('NEW')})
    EXECUTE FUNCTION public.note_revocation('user');
  CREATE TRIGGER users_deleted AFTER DELETE ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.note_revocation('user');
  -- One event of the tenant, however many users have the role.
  CREATE TRIGGER tenant_roles_changed AFTER UPDATE ON public.tenant_roles
    FOR EACH ROW WHEN (OLD.permissions <> NEW.permissions) EXECUTE FUNCTION public.note_revocation('tenant');
  -- After INSERT too: processes keep for a while which names belong to no tenant.
  CREATE TRIGGER tenants_changed AFTER INSERT OR UPDATE OR DELETE ON public.tenants
    FOR EACH ROW EXECUTE FUNCTION public.note_revocation('tenant');
  -- A domain that is not the tenant's latest one names it as well, and is not in the row of the tenant.
  CREATE TRIGGER tenant_domains_added AFTER INSERT ON public.tenant_domains
    FOR EACH ROW WHEN (NEW.verified_at IS NOT NULL) EXECUTE FUNCTION public.note_revocation('tenant');
  CREATE TRIGGER tenant_domains_changed AFTER UPDATE ON public.tenant_domains
    FOR EACH ROW WHEN ((OLD.domain, OLD.verified_at) IS DISTINCT FROM (NEW.domain, NEW.verified_at))
    EXECUTE FUNCTION public.note_revocation('tenant');
  CREATE TRIGGER tenant_domains_removed AFTER DELETE ON public.tenant_domains
    FOR EACH ROW WHEN (OLD.verified_at IS NOT NULL) EXECUTE FUNCTION public.note_revocation('tenant');
  CREATE TRIGGER tenant_settings_added AFTER INSERT ON public.tenant_settings
    FOR EACH ROW WHEN (${hasPolicy('NEW')}) EXECUTE FUNCTION public.note_revocation('tenant');
  CREATE TRIGGER tenant_settings_changed AFTER UPDATE ON public.tenant_settings
    FOR EACH ROW WHEN (NEW.setting_key = 'security' AND (${countrySettingsOf('OLD')} IS DISTINCT FROM ${countrySettingsOf('NEW')}
      OR ${factorSettingsOf('OLD')} IS DISTINCT FROM ${factorSettingsOf('NEW')}))
    EXECUTE FUNCTION public.note_revocation('tenant');
  CREATE TRIGGER tenant_settings_removed AFTER DELETE ON public.tenant_settings
    FOR EACH ROW WHEN (${hasPolicy('OLD')}) EXECUTE FUNCTION public.note_revocation('tenant')`;

/**
 * The revocation feed: an event for every change that ends a session or alters the rights in it, inserted by trigger in
 * the transaction that makes the change.
 */
export const REVOCATION_FEED: SchemaPart = {
  up: [
    TABLE,
    POLICIES,
    asGatekeeper(NOTE_REVOCATION, REVOCATIONS_SINCE, PRUNE_REVOCATIONS, TRIGGERS),
  ],
  down: [
    ...dropTriggers(TRIGGERS),
    'DROP TABLE public.revocation_events',
    'DROP FUNCTION public.note_revocation(), public.revocations_since(text), public.prune_revocations(integer)',
  ],
};
