import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  definerFunction,
  hasPermission,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { COUNTRY_POLICY } from '../create-tenants/tenant-settings.js';

const IS_OWN = `user_id = ${CURRENT_USER_ID}`;
/** The sessions of another user, unless that user has a higher role. */
const MAY_MANAGE = `${hasPermission('manage_users')} AND public.is_user_within_own_rank(user_id)`;

/** The sessions that a user may see. */
export const MAY_SEE = `${IS_OWN} OR (${MAY_MANAGE})`;

const TABLE = `
  CREATE TABLE public.user_sessions (
    tenant_id uuid NOT NULL CONSTRAINT user_sessions_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    user_id uuid NOT NULL,
    -- SHA-256. The token holds 256 random bits, so a slow hash would add nothing.
    refresh_token_hash bytea NOT NULL
      CONSTRAINT user_sessions_refresh_token_hash_check CHECK (octet_length(refresh_token_hash) = 32),
    previous_refresh_token_hash bytea
      CONSTRAINT user_sessions_previous_hash_check CHECK (octet_length(previous_refresh_token_hash) = 32),
    refresh_nonce bytea NOT NULL,
    generation integer NOT NULL DEFAULT 0 CONSTRAINT user_sessions_generation_check CHECK (generation >= 0),
    rotated_at timestamptz NOT NULL DEFAULT now(),
    device_info jsonb NOT NULL DEFAULT '{}',
    -- Of the last use, and of the log-in, which never change.
    ip_address inet,
    user_agent text,
    opened_from inet,
    opened_with text,
    -- The session ends at ends_at in any case, and before that if it is not used for idle_timeout. expires_at is the
    -- earlier of the two.
    ends_at timestamptz NOT NULL DEFAULT now() + interval '7 days',
    idle_timeout interval NOT NULL DEFAULT '24 hours',
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL DEFAULT now(),
    -- How and when the user has authenticated in this session: the claims amr and auth_time of its access tokens.
    amr text[] NOT NULL DEFAULT '{}' CONSTRAINT user_sessions_amr_check
      CHECK (amr <@ ARRAY['pwd', 'otp', 'hwk', 'swk', 'user', 'mfa', 'email', 'recovery', 'device']),
    authenticated_at timestamptz NOT NULL DEFAULT now(),
    is_active boolean NOT NULL DEFAULT true,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_sessions_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT user_sessions_refresh_token_hash_key UNIQUE (tenant_id, refresh_token_hash),
    CONSTRAINT user_sessions_user_fkey FOREIGN KEY (tenant_id, user_id)
      REFERENCES public.users (tenant_id, id) ON DELETE CASCADE
  );
  -- The order in which a log-in is compared with the former ones.
  CREATE INDEX user_sessions_user_idx ON public.user_sessions (tenant_id, user_id, created_at);
  -- The order in which the sessions of a user are listed.
  CREATE INDEX user_sessions_active_idx ON public.user_sessions (tenant_id, user_id, id) WHERE is_active;
  CREATE INDEX user_sessions_active_expiry_idx ON public.user_sessions (tenant_id, expires_at) WHERE is_active;
  CREATE INDEX user_sessions_revoked_idx ON public.user_sessions (tenant_id, coalesce(revoked_at, expires_at))
    WHERE NOT is_active`;

const POLICIES = protectTenantTable({
  table: 'user_sessions',
  policies: {
    select: MAY_SEE,
    insert: IS_OWN,
    update: `${IS_OWN} OR (${MAY_MANAGE})`,
  },
  columns: {
    // Without user_id and the columns of the expiry: a session keeps its user, and only its use extends it.
    update: [
      'refresh_token_hash',
      'previous_refresh_token_hash',
      'refresh_nonce',
      'generation',
      'rotated_at',
      'device_info',
      'ip_address',
      'user_agent',
      'last_used_at',
      'amr',
      'authenticated_at',
      'is_active',
      'revoked_at',
    ],
  },
  gatekeeper: {
    select: [
      'tenant_id',
      'id',
      'user_id',
      'ip_address',
      'ends_at',
      'idle_timeout',
      'expires_at',
      'last_used_at',
      'amr',
      'is_active',
      'revoked_at',
      'created_at',
    ],
    update: ['ends_at', 'idle_timeout', 'expires_at', 'is_active', 'revoked_at'],
    delete: true,
  },
});

/* A revoked session stays revoked, whatever a statement of the service says. */
const KEEP_REVOKED = `
  CREATE FUNCTION public.keep_session_revoked() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    RAISE EXCEPTION 'a revoked session cannot be activated' USING
      ERRCODE = 'check_violation', TABLE = 'user_sessions', CONSTRAINT = 'user_sessions_stay_revoked';
  END
  $$;
  REVOKE ALL ON FUNCTION public.keep_session_revoked() FROM PUBLIC;
  CREATE TRIGGER user_sessions_stay_revoked BEFORE UPDATE OF is_active ON public.user_sessions
    FOR EACH ROW WHEN (NEW.is_active AND NOT OLD.is_active) EXECUTE FUNCTION public.keep_session_revoked()`;

/*
 * Use moves the expiry of a session, never beyond its end and never after it has expired. A trigger and no statement of
 * the service, whose login cannot write the expiry. The login does write the time of the use, so the trigger measures the
 * time itself: a use in the future would postpone the expiry, and one in the past would bring an expired session back.
 */
const EXTEND_SESSION = `
  CREATE FUNCTION public.extend_session() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    NEW.last_used_at := least(NEW.last_used_at, clock_timestamp());
    IF OLD.expires_at > clock_timestamp() THEN
      NEW.expires_at := least(NEW.last_used_at + NEW.idle_timeout, NEW.ends_at);
    END IF;
    RETURN NEW;
  END
  $$;
  REVOKE ALL ON FUNCTION public.extend_session() FROM PUBLIC;
  CREATE TRIGGER user_sessions_extended BEFORE UPDATE OF last_used_at ON public.user_sessions
    FOR EACH ROW EXECUTE FUNCTION public.extend_session()`;

/** Hours of a stored setting as an interval. A value that no tenant can set counts as not set, as it does in the service. */
const storedHours = (setting: string, byDefault: string): string =>
  `CASE WHEN jsonb_typeof(stored -> '${setting}') = 'number' THEN
      CASE WHEN (stored -> '${setting}')::numeric BETWEEN 0.5 AND 8760
        THEN (stored -> '${setting}')::numeric * interval '1 hour' ELSE interval '${byDefault}' END
    ELSE interval '${byDefault}' END`;

/*
 * A new session lasts no longer than the settings of its tenant allow. The service has read them before; the row lock makes
 * a change of them wait until the session is visible to shorten_sessions(), or this statement until the change is
 * committed. A transaction that revokes sessions as well does so after it has opened one: shorten_sessions() locks
 * sessions after the settings, and the other order would be a deadlock.
 */
const LIMIT_SESSION = definerFunction({
  signature: 'limit_session()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  stored jsonb;
BEGIN
  SELECT s.setting_value INTO stored FROM public.tenant_settings s
   WHERE s.tenant_id = NEW.tenant_id AND s.setting_key = 'security' FOR SHARE;
  NEW.created_at := least(NEW.created_at, clock_timestamp());
  NEW.last_used_at := least(NEW.last_used_at, clock_timestamp());
  NEW.idle_timeout := least(NEW.idle_timeout, ${storedHours('sessionTimeout', '24 hours')});
  NEW.ends_at := least(NEW.ends_at, NEW.created_at + ${storedHours('sessionLifetime', '168 hours')});
  NEW.expires_at := least(NEW.expires_at, NEW.last_used_at + NEW.idle_timeout, NEW.ends_at);
  RETURN NEW;
END`,
});

const LIMITED_ON_INSERT = `
  CREATE TRIGGER user_sessions_limited BEFORE INSERT ON public.user_sessions
    FOR EACH ROW EXECUTE FUNCTION public.limit_session()`;

/*
 * What a session lacks of the second factor that its tenant requires: the user has none, or has not verified it in this
 * session. A remembered device counts for as long as the tenant allows such devices.
 */
const FACTOR_DUE = `CASE
         WHEN security -> 'requireMFA' IS DISTINCT FROM 'true' THEN NULL
         WHEN coalesce(security -> 'mfaRoles', '[]') <> '[]' AND NOT security -> 'mfaRoles' ? u.role THEN NULL
         WHEN u.factors = '{}' THEN 'enrollment'
         WHEN 'mfa' = ANY (s.amr) OR ('device' = ANY (s.amr) AND security -> 'rememberDevices' = 'true') THEN NULL
         ELSE 'verification' END`;

const TENANT_STATUS = `CASE WHEN t.deleted_at IS NULL THEN t.status ELSE 'canceled' END`;

/*
 * The status of the session of a verified access token, with its user and tenant. The service asks for it before the
 * transaction has a context; the caller must pass the ids of a token whose signature it has verified. What is left of the
 * session is measured here, because the clock of the caller may differ.
 */
const SESSION_STATUS = definerFunction({
  signature: 'session_status(p_tenant uuid, p_user uuid, p_session uuid)',
  returns: `TABLE (session_active boolean, session_expires_at timestamptz, session_expires_in_ms float8,
    user_status text, user_role text, permissions jsonb, factors text[], factor_due text, id uuid, name text, subdomain text,
    custom_domain text, plan_type text, status text, features jsonb, max_users integer, max_pocs integer,
    max_storage_gb integer, subscription_ends_at timestamptz, is_platform boolean, rate_limits jsonb,
    country_policy jsonb)`,
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT s.is_active, s.expires_at, extract(epoch FROM s.expires_at - clock_timestamp()) * 1000,
       u.status, u.role, u.permissions || coalesce(r.permissions, '[]'), u.factors, ${FACTOR_DUE},
       t.id, t.name, t.subdomain, t.branding ->> 'custom_domain', t.plan_type, ${TENANT_STATUS},
       t.features, t.max_users, t.max_pocs, t.max_storage_gb, t.subscription_ends_at, t.is_platform, t.rate_limits,
       ${COUNTRY_POLICY}
  FROM public.user_sessions s
  JOIN public.users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
  LEFT JOIN public.tenant_roles r ON r.tenant_id = u.tenant_id AND r.id = u.custom_role_id
  JOIN public.tenants t ON t.id = s.tenant_id
  LEFT JOIN LATERAL (SELECT c.setting_value AS security FROM public.tenant_settings c
                      WHERE c.tenant_id = s.tenant_id AND c.setting_key = 'security') c ON true
 WHERE s.tenant_id = p_tenant AND s.id = p_session AND s.user_id = p_user`,
});

/*
 * Of all users of the transaction's tenant, also those whose sessions the current user may not see. It returns only their number,
 * and null without the permission.
 */
const COUNT_ACTIVE_SESSIONS = definerFunction({
  signature: 'count_active_sessions()',
  returns: 'integer',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT count(*)::integer FROM public.user_sessions s
 WHERE s.tenant_id = ${CURRENT_TENANT} AND s.is_active AND s.expires_at > now()
HAVING ${hasPermission('view_usage')}`,
});

const END = 's.created_at + lifetime';
const EXCEEDS_SETTINGS = `s.tenant_id = NEW.tenant_id AND s.is_active AND s.expires_at > now()
     AND (s.idle_timeout > timeout OR s.ends_at > ${END})`;

/*
 * Applies shorter session settings to the sessions that exist, and revokes those that have exceeded one already. A trigger,
 * so that no writer of the settings can leave it out. It locks the sessions in the order of their ids, as REVOKE_ALL_BUT of
 * the service does: two orders would be a deadlock.
 */
const SHORTEN_SESSIONS = definerFunction({
  signature: 'shorten_sessions()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  stored CONSTANT jsonb := NEW.setting_value;
  timeout CONSTANT interval := ${storedHours('sessionTimeout', '24 hours')};
  lifetime CONSTANT interval := ${storedHours('sessionLifetime', '168 hours')};
BEGIN
  PERFORM FROM public.user_sessions s WHERE ${EXCEEDS_SETTINGS} ORDER BY s.id FOR NO KEY UPDATE;
  UPDATE public.user_sessions s
     SET idle_timeout = least(s.idle_timeout, timeout),
         ends_at = least(s.ends_at, ${END}),
         expires_at = least(s.expires_at, s.last_used_at + timeout, ${END}),
         is_active = least(s.last_used_at + timeout, ${END}) > now(),
         revoked_at = CASE WHEN least(s.last_used_at + timeout, ${END}) <= now() THEN now() END
   WHERE ${EXCEEDS_SETTINGS};
  RETURN NULL;
END`,
});

const SHORTENED_BY_SETTINGS = `
  CREATE TRIGGER tenant_settings_shorten_sessions AFTER INSERT OR UPDATE OF setting_value ON public.tenant_settings
    FOR EACH ROW WHEN (NEW.setting_key = 'security') EXECUTE FUNCTION public.shorten_sessions()`;

/** Sessions, one per device on which a user has logged in. */
export const USER_SESSIONS: SchemaPart = {
  up: [
    TABLE,
    POLICIES,
    KEEP_REVOKED,
    EXTEND_SESSION,
    asGatekeeper(
      SESSION_STATUS,
      COUNT_ACTIVE_SESSIONS,
      LIMIT_SESSION,
      LIMITED_ON_INSERT,
      SHORTEN_SESSIONS,
      SHORTENED_BY_SETTINGS,
    ),
  ],
  down: [
    'DROP TRIGGER tenant_settings_shorten_sessions ON public.tenant_settings',
    'DROP FUNCTION public.session_status(uuid, uuid, uuid), public.count_active_sessions(), public.shorten_sessions()',
    'DROP TABLE public.user_sessions',
    'DROP FUNCTION public.keep_session_revoked(), public.extend_session(), public.limit_session()',
  ],
};
