import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  asGatekeeper,
  definerFunction,
  OPERATOR_ROLE,
  protectTenantTable,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { RESOLVE_TENANT } from './1795460100000-create-tenants.js';
import { SESSION_STANDING } from './1795460300000-create-sessions-and-invites.js';

const SESSION_STANDING_ARGUMENTS = 'session_standing(uuid, uuid, uuid)';
const RESOLVE_TENANT_ARGUMENTS = 'resolve_tenant(uuid, text, text)';

/** What ends or changes the worth of tokens, written by trigger in the transaction that does it; and who may read it. */
export class CreateRevocationFeed1795470600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLE);
    await runner.query(
      protectTenantTable({
        table: 'revocation_events',
        policies: {},
        operators: [],
        gatekeeper: { select: true, insert: true, update: ['retired_at'], delete: true },
      }),
    );
    await runner.query(
      asGatekeeper(
        NOTE_REVOCATION,
        REVOCATIONS_SINCE,
        PRUNE_REVOCATIONS,
        `DROP FUNCTION public.${SESSION_STANDING_ARGUMENTS}`,
        `DROP FUNCTION public.${RESOLVE_TENANT_ARGUMENTS}`,
        SESSION_STANDING_2,
        RESOLVE_TENANT_2,
        TRIGGERS,
      ),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ${TRIGGER_NAMES.map(([table, name]) => `DROP TRIGGER ${name} ON public.${table}`).join(';\n')};
      DROP TABLE public.revocation_events;
      ${asGatekeeper(
        `DROP FUNCTION public.note_revocation(), public.revocations_since(text), public.prune_revocations(),
           public.${SESSION_STANDING_ARGUMENTS}, public.${RESOLVE_TENANT_ARGUMENTS}`,
        SESSION_STANDING,
        RESOLVE_TENANT,
      )}`);
  }
}

/* No foreign keys: an event outlives what it tells of. */
const TABLE = `
  CREATE TABLE public.revocation_events (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    kind text NOT NULL CONSTRAINT revocation_events_kind_check CHECK (kind IN ('session', 'user', 'tenant')),
    subject_id uuid NOT NULL,
    -- Of the transaction that wrote it: transactions commit in another order than they begin, so neither an id nor a time
    -- tells which events a reader has not seen yet. Its snapshot does.
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    occurred_at timestamptz NOT NULL DEFAULT now(),
    -- When it was first found committed: the time that it is kept counts from there, not from occurred_at.
    retired_at timestamptz,
    CONSTRAINT revocation_events_pkey PRIMARY KEY (tenant_id, id)
  );
  CREATE INDEX revocation_events_xid_idx ON public.revocation_events (xid)`;

/*
 * Without a row of usage the tenant itself is being deleted: its own event has told everything, and one for each of its
 * people would only make every process read them. The notification wakes readers; what it tells them is to look.
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
    tenant := OLD.id;
    subject := OLD.id;
  ELSE
    tenant := OLD.tenant_id;
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM public.tenant_usage u WHERE u.tenant_id = tenant) THEN
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
 * Every event that became visible after the cursor was given, exactly once, and the next cursor. The cursor is the
 * server's life and a snapshot. A server that started anew may be a copy that lost transactions, and one that recovered
 * from a crash may give out again the numbers of transactions that were aborted before it: its statistics, which a crash
 * resets, tell. Not complete: the cursor says nothing here, or the events are too many to be told one by one; whoever
 * asks must forget everything that it remembers. Two index conditions, for the transactions that came after the snapshot
 * and for those that were open in it, so that one which stays open for hours does not make each question read everything
 * since.
 */
const REVOCATIONS_SINCE = definerFunction({
  signature: 'revocations_since(p_cursor text)',
  returns: 'TABLE (next_cursor text, complete boolean, events jsonb)',
  language: 'plpgsql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
DECLARE
  most CONSTANT integer := 5000;
  life CONSTANT text := concat_ws('-', extract(epoch FROM pg_postmaster_start_time()),
    extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time()));
  here CONSTANT pg_snapshot := pg_current_snapshot();
  seen pg_snapshot;
  open_then xid8[];
BEGIN
  next_cursor := life || '/' || here::text;
  complete := false;
  events := '[]';
  IF split_part(p_cursor, '/', 1) = life THEN
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
 * Twenty minutes from when an event was found committed. A reader that was away for longer may not trust its cursor.
 * Counted from occurred_at, the event of a long transaction could be gone before anybody has read it.
 */
const PRUNE_REVOCATIONS = definerFunction({
  signature: 'prune_revocations()',
  returns: 'bigint',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
DECLARE
  pruned bigint;
BEGIN
  DELETE FROM public.revocation_events WHERE retired_at < now() - interval '20 minutes';
  GET DIAGNOSTICS pruned = ROW_COUNT;
  UPDATE public.revocation_events SET retired_at = now() WHERE retired_at IS NULL;
  RETURN pruned;
END`,
});

/**
 * A canceled tenant is found as such and refused for what it is: its domain is not nobody's, at which the next name that a
 * request gives would decide.
 */
const STATUS = `CASE WHEN t.deleted_at IS NULL THEN t.status ELSE 'canceled' END`;

/*
 * What a verified access token is worth at this moment: look-ups by primary key. Whoever calls it names tenant, user and
 * session, which only a token of ours can tell.
 */
const SESSION_STANDING_2 = definerFunction({
  signature: 'session_standing(p_tenant uuid, p_user uuid, p_session uuid)',
  returns: `TABLE (session_active boolean, session_expires_at timestamptz, user_status text, user_role text,
    permissions jsonb, id uuid, name text, subdomain text, custom_domain text, plan_type text, status text,
    features jsonb, max_users integer, max_pocs integer, max_storage_gb integer, subscription_ends_at timestamptz,
    is_platform boolean)`,
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT s.is_active, s.expires_at, u.status, u.role, u.permissions || coalesce(r.permissions, '[]'),
       t.id, t.name, t.subdomain, t.branding ->> 'custom_domain', t.plan_type, ${STATUS},
       t.features, t.max_users, t.max_pocs, t.max_storage_gb, t.subscription_ends_at, t.is_platform
  FROM public.user_sessions s
  JOIN public.users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
  LEFT JOIN public.tenant_roles r ON r.tenant_id = u.tenant_id AND r.id = u.custom_role_id
  JOIN public.tenants t ON t.id = s.tenant_id
 WHERE s.tenant_id = p_tenant AND s.id = p_session AND s.user_id = p_user`,
});

const RESOLVE_TENANT_2 = definerFunction({
  signature: 'resolve_tenant(p_id uuid, p_subdomain text, p_domain text)',
  returns: `TABLE (id uuid, name text, subdomain text, custom_domain text, plan_type text, status text, features jsonb,
    max_users integer, max_pocs integer, max_storage_gb integer, subscription_ends_at timestamptz, is_platform boolean)`,
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT t.id, t.name, t.subdomain, t.branding ->> 'custom_domain', t.plan_type,
       ${STATUS}, t.features,
       t.max_users, t.max_pocs, t.max_storage_gb, t.subscription_ends_at, t.is_platform
  FROM public.tenants t
 WHERE t.id = coalesce(
     (SELECT s.id FROM public.tenants s WHERE s.subdomain = p_subdomain),
     (SELECT d.id FROM public.tenants d
       WHERE lower(d.branding ->> 'custom_domain') = lower(p_domain) AND d.branding ->> 'custom_domain' IS NOT NULL),
     p_id)`,
});

const RIGHTS = ['role', 'permissions', 'status', 'custom_role_id', 'must_change_password'];
const changed = (columns: readonly string[]): string => {
  const row = (side: string): string =>
    `(${columns.map((column) => `${side}.${column}`).join(', ')})`;
  return `${row('OLD')} IS DISTINCT FROM ${row('NEW')}`;
};

const TRIGGER_NAMES: readonly [table: string, name: string][] = [
  ['user_sessions', 'user_sessions_ended'],
  ['user_sessions', 'user_sessions_moved'],
  ['user_sessions', 'user_sessions_deleted'],
  ['users', 'users_rights_changed'],
  ['users', 'users_deleted'],
  ['tenant_roles', 'tenant_roles_changed'],
  ['tenants', 'tenants_changed'],
];

/* The end of a session moves for all devices at once, when the tenant shortens its time: an event of the person. */
const TRIGGERS = `
  CREATE TRIGGER user_sessions_ended AFTER UPDATE ON public.user_sessions
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION public.note_revocation('session');
  CREATE TRIGGER user_sessions_moved AFTER UPDATE ON public.user_sessions
    FOR EACH ROW WHEN (OLD.expires_at <> NEW.expires_at AND NEW.is_active)
    EXECUTE FUNCTION public.note_revocation('user');
  CREATE TRIGGER user_sessions_deleted AFTER DELETE ON public.user_sessions
    FOR EACH ROW WHEN (OLD.is_active) EXECUTE FUNCTION public.note_revocation('session');
  CREATE TRIGGER users_rights_changed AFTER UPDATE ON public.users
    FOR EACH ROW WHEN (${changed(RIGHTS)}) EXECUTE FUNCTION public.note_revocation('user');
  CREATE TRIGGER users_deleted AFTER DELETE ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.note_revocation('user');
  -- One event for all who have the role, however many they are.
  CREATE TRIGGER tenant_roles_changed AFTER UPDATE ON public.tenant_roles
    FOR EACH ROW WHEN (OLD.permissions <> NEW.permissions) EXECUTE FUNCTION public.note_revocation('tenant');
  CREATE TRIGGER tenants_changed AFTER UPDATE OR DELETE ON public.tenants
    FOR EACH ROW EXECUTE FUNCTION public.note_revocation('tenant')`;
