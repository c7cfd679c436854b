import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  definerFunction,
  hasPermission,
  isWithinOwnRank,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

/** Wrong tries after which a code is worthless: 5 of a million codes. */
const MAX_FAILURES = 5;

/** A user has one token of a purpose, except of undos: a second change of the address must not disable the undo of the first. */
const ONE_PER_USER = `purpose <> 'undo_email'`;

/** The tokens of these purposes are for an address that the user does not have, or no longer has. */
const PURPOSES_OF_OTHER_ADDRESSES = `('confirm_new_email', 'undo_email')`;

/** These give access to the account. A new password invalidates them. */
const PURPOSES_OF_ACCESS = `('reset_password', 'magic_link', 'login_code', 'factor_code', 'confirm_new_email')`;

const TABLE = `
  CREATE TABLE public.one_time_tokens (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    user_id uuid NOT NULL,
    purpose text NOT NULL CONSTRAINT one_time_tokens_purpose_check CHECK (purpose IN (
      'verify_email', 'reset_password', 'magic_link', 'login_code', 'factor_code', 'confirm_new_email', 'undo_email')),
    -- SHA-256 of a token of 256 bits, or HMAC-SHA-256 of a code, which is short enough to be found by its plain hash.
    token_hash bytea NOT NULL CONSTRAINT one_time_tokens_hash_check CHECK (octet_length(token_hash) = 32),
    -- The address that the token was sent to or, of an undo, the address that it restores.
    email varchar(255) NOT NULL CONSTRAINT one_time_tokens_email_check CHECK (public.is_email_address(email)),
    failures smallint NOT NULL DEFAULT 0 CONSTRAINT one_time_tokens_failures_check CHECK (failures >= 0),
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT one_time_tokens_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT one_time_tokens_hash_key UNIQUE (tenant_id, token_hash),
    CONSTRAINT one_time_tokens_user_fkey FOREIGN KEY (tenant_id, user_id)
      REFERENCES public.users (tenant_id, id) ON DELETE CASCADE
  );
  CREATE UNIQUE INDEX one_time_tokens_purpose_key ON public.one_time_tokens (tenant_id, user_id, purpose) WHERE ${ONE_PER_USER};
  CREATE INDEX one_time_tokens_user_idx ON public.one_time_tokens (tenant_id, user_id);
  CREATE INDEX one_time_tokens_expires_at_idx ON public.one_time_tokens (expires_at)`;

/* No login reads a hash, and the service's login uses the functions alone. The operators' login deletes expired rows. */
const POLICIES = protectTenantTable({
  table: 'one_time_tokens',
  policies: {},
  operators: ['select', 'delete'],
  columns: { select: ['tenant_id', 'id', 'user_id', 'purpose', 'expires_at', 'created_at'] },
  gatekeeper: {
    select: true,
    insert: ['tenant_id', 'user_id', 'purpose', 'token_hash', 'email', 'expires_at'],
    update: ['id', 'token_hash', 'email', 'failures', 'expires_at', 'created_at'],
    delete: true,
  },
});

/*
 * Stores a token of the current user, or of one whom the current user manages, in place of the earlier one of its purpose.
 * Null if the user is neither. Of several concurrent calls, the token of the last one is left.
 */
const CREATE_TOKEN = definerFunction({
  signature:
    'create_one_time_token(p_user uuid, p_purpose text, p_hash bytea, p_email text, p_lifetime interval)',
  returns: 'timestamptz',
  language: 'sql',
  callers: [SERVICE_ROLE],
  body: `
INSERT INTO public.one_time_tokens (tenant_id, user_id, purpose, token_hash, email, expires_at)
SELECT u.tenant_id, u.id, p_purpose, p_hash, p_email, clock_timestamp() + p_lifetime FROM public.users u
 WHERE u.tenant_id = ${CURRENT_TENANT} AND u.id = p_user
   AND (u.id = ${CURRENT_USER_ID} OR (${hasPermission('manage_users')} AND ${isWithinOwnRank('u.role')}))
ON CONFLICT (tenant_id, user_id, purpose) WHERE ${ONE_PER_USER} DO UPDATE
   SET id = public.uuid_v7(), token_hash = EXCLUDED.token_hash, email = EXCLUDED.email, failures = 0,
       expires_at = EXCLUDED.expires_at, created_at = now()
RETURNING expires_at`,
});

/** True for a token that can still be used: in time, of an active user, and sent to the address that the user has. */
const IS_USABLE = `t.expires_at > clock_timestamp() AND t.failures < ${MAX_FAILURES}
   AND EXISTS (
     SELECT FROM public.users u
      WHERE u.tenant_id = t.tenant_id AND u.id = t.user_id AND u.status = 'active'
        AND (t.purpose IN ${PURPOSES_OF_OTHER_ADDRESSES} OR u.email_key = public.email_key(t.email)))`;

const FIND_TOKEN = definerFunction({
  signature: 'find_one_time_token(p_purpose text, p_hash bytea)',
  returns: 'TABLE (user_id uuid, email text)',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT t.user_id, t.email::text FROM public.one_time_tokens t
 WHERE t.tenant_id = ${CURRENT_TENANT} AND t.purpose = p_purpose AND t.token_hash = p_hash AND ${IS_USABLE}`,
});

/*
 * Uses up a token of the current user. One statement, so that of several concurrent calls one gets the row: the others
 * wait for its lock and then find it deleted. The token comes back if the transaction is rolled back.
 */
const CONSUME_TOKEN = definerFunction({
  signature: 'consume_one_time_token(p_purpose text, p_hash bytea)',
  returns: 'TABLE (id uuid, user_id uuid, email text)',
  language: 'sql',
  callers: [SERVICE_ROLE],
  body: `
DELETE FROM public.one_time_tokens t
 WHERE t.tenant_id = ${CURRENT_TENANT} AND t.user_id = ${CURRENT_USER_ID} AND t.purpose = p_purpose
   AND t.token_hash = p_hash AND ${IS_USABLE}
RETURNING t.id, t.user_id, t.email::text`,
});

/*
 * Tries a code of the current user: uses it up if it is right, and counts the failure if not. The lock of the row makes
 * guesses at the same time take turns, so that none is left out of the count.
 */
const TRY_CODE = definerFunction({
  signature: 'try_one_time_code(p_purpose text, p_hash bytea)',
  returns: 'boolean',
  language: 'plpgsql',
  callers: [SERVICE_ROLE],
  body: `
DECLARE
  tried record;
BEGIN
  SELECT t.id, t.token_hash = p_hash AND ${IS_USABLE} AS is_right INTO tried
    FROM public.one_time_tokens t
   WHERE t.tenant_id = ${CURRENT_TENANT} AND t.user_id = ${CURRENT_USER_ID} AND t.purpose = p_purpose
     FOR UPDATE;
  IF NOT FOUND THEN
    -- Writes as the count of a failure does: the commit of a transaction that wrote nothing takes less time.
    PERFORM pg_logical_emit_message(true, 'one_time_code', '');
    RETURN false;
  END IF;
  IF tried.is_right THEN
    DELETE FROM public.one_time_tokens t WHERE t.tenant_id = ${CURRENT_TENANT} AND t.id = tried.id;
  ELSE
    UPDATE public.one_time_tokens t SET failures = least(t.failures + 1, ${MAX_FAILURES})
     WHERE t.tenant_id = ${CURRENT_TENANT} AND t.id = tried.id;
  END IF;
  RETURN tried.is_right;
END`,
});

/*
 * Deletes the tokens of the current user that may be those of a thief who took over the account after the undo with this id
 * was sent. An earlier undo stays: it belongs to an earlier address, and restores that one.
 */
const DISCARD_TOKENS = definerFunction({
  signature: 'discard_one_time_tokens(p_undo uuid)',
  returns: 'void',
  language: 'sql',
  callers: [SERVICE_ROLE],
  body: `
DELETE FROM public.one_time_tokens t
 WHERE t.tenant_id = ${CURRENT_TENANT} AND t.user_id = ${CURRENT_USER_ID} AND (t.purpose <> 'undo_email' OR t.id > p_undo)`,
});

const INVALIDATE_ACCESS_TOKENS = definerFunction({
  signature: 'invalidate_access_tokens()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  DELETE FROM public.one_time_tokens t
   WHERE t.tenant_id = NEW.tenant_id AND t.user_id = NEW.id AND t.purpose IN ${PURPOSES_OF_ACCESS};
  RETURN NULL;
END`,
});

/*
 * Every statement that sets a new password names must_change_password, as the trigger of the former passwords says. A
 * trigger, so that no writer of passwords can leave it out.
 */
const TRIGGER = `
  CREATE TRIGGER users_access_tokens AFTER UPDATE OF must_change_password ON public.users
    FOR EACH ROW WHEN (OLD.password_hash <> NEW.password_hash) EXECUTE FUNCTION public.invalidate_access_tokens()`;

/* An admin has set the address: what the user asked for before must not replace it. */
const INVALIDATE_EMAIL_TOKENS = definerFunction({
  signature: 'invalidate_email_tokens()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  DELETE FROM public.one_time_tokens t
   WHERE t.tenant_id = NEW.tenant_id AND t.user_id = NEW.id AND NEW.id IS DISTINCT FROM ${CURRENT_USER_ID};
  RETURN NULL;
END`,
});

const EMAIL_TRIGGER = `
  CREATE TRIGGER users_email_tokens AFTER UPDATE OF email ON public.users
    FOR EACH ROW WHEN (OLD.email <> NEW.email) EXECUTE FUNCTION public.invalidate_email_tokens()`;

/** Tokens and codes that are sent by mail and used once. */
export const ONE_TIME_TOKENS: SchemaPart = {
  up: [
    TABLE,
    POLICIES,
    asGatekeeper(
      CREATE_TOKEN,
      FIND_TOKEN,
      CONSUME_TOKEN,
      TRY_CODE,
      DISCARD_TOKENS,
      INVALIDATE_ACCESS_TOKENS,
      TRIGGER,
      INVALIDATE_EMAIL_TOKENS,
      EMAIL_TRIGGER,
    ),
  ],
  down: [
    'DROP TRIGGER users_email_tokens ON public.users',
    'DROP TRIGGER users_access_tokens ON public.users',
    `DROP FUNCTION public.create_one_time_token(uuid, text, bytea, text, interval),
       public.find_one_time_token(text, bytea), public.consume_one_time_token(text, bytea),
       public.try_one_time_code(text, bytea), public.discard_one_time_tokens(uuid), public.invalidate_access_tokens(),
       public.invalidate_email_tokens()`,
    'DROP TABLE public.one_time_tokens',
  ],
};
