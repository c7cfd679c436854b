import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  definerFunction,
  hasPermission,
  OPERATOR_ROLE,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

const IS_OWN = `user_id = ${CURRENT_USER_ID}`;

/** The factors of another user, unless that user has a higher role: to see which there are, and to remove them. */
export const MAY_RESET = `${IS_OWN}
  OR (${hasPermission('manage_users')} AND public.is_user_within_own_rank(user_id))`;

/** As many as a user with several devices needs; each is tried when a code is verified. */
const MAX_FACTORS = 10;

/** Minutes in which a new authenticator app must be confirmed. Until then it is no factor. */
const CONFIRMATION_MINUTES = 10;

const TABLE = `
  CREATE TABLE public.user_factors (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    user_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT user_factors_kind_check CHECK (kind IN ('totp', 'passkey')),
    name varchar(50) NOT NULL CONSTRAINT user_factors_name_check CHECK (public.is_line_of_text(name)),
    -- Of an authenticator app: the encrypted seed (DATA_KEYS), and the latest time step whose code was used.
    secret bytea CONSTRAINT user_factors_secret_check CHECK (octet_length(secret) BETWEEN 30 AND 500),
    last_step bigint,
    -- Of a passkey: what WebAuthn calls the credential's id, public key (COSE), signature counter, transports and RP ID.
    credential_id bytea CONSTRAINT user_factors_credential_id_check CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    public_key bytea CONSTRAINT user_factors_public_key_check CHECK (octet_length(public_key) BETWEEN 1 AND 4096),
    counter bigint CONSTRAINT user_factors_counter_check CHECK (counter BETWEEN 0 AND 4294967295),
    transports text[],
    rp_id varchar(253),
    created_at timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz,
    last_used_at timestamptz,
    CONSTRAINT user_factors_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT user_factors_credential_key UNIQUE (tenant_id, credential_id),
    CONSTRAINT user_factors_shape_check CHECK (CASE kind
      WHEN 'totp' THEN secret IS NOT NULL AND credential_id IS NULL
      ELSE secret IS NULL AND num_nulls(credential_id, public_key, counter, rp_id) = 0 END),
    CONSTRAINT user_factors_user_fkey FOREIGN KEY (tenant_id, user_id)
      REFERENCES public.users (tenant_id, id) ON DELETE CASCADE
  );
  CREATE INDEX user_factors_user_idx ON public.user_factors (tenant_id, user_id, id)`;

/** Everything that an admin may see. What proves the user is only read by the functions below. */
const SHOWN = [
  'tenant_id',
  'id',
  'user_id',
  'kind',
  'name',
  'last_step',
  'counter',
  'rp_id',
  'created_at',
  'confirmed_at',
  'last_used_at',
];

const POLICIES = protectTenantTable({
  table: 'user_factors',
  policies: {
    select: MAY_RESET,
    insert: IS_OWN,
    update: IS_OWN,
    delete: MAY_RESET,
  },
  columns: {
    select: SHOWN,
    insert: [
      'tenant_id',
      'id',
      'user_id',
      'kind',
      'name',
      'secret',
      'credential_id',
      'public_key',
      'counter',
      'transports',
      'rp_id',
      'confirmed_at',
    ],
    update: ['name', 'last_step', 'counter', 'confirmed_at', 'last_used_at'],
  },
  operators: ['select', 'delete'],
  gatekeeper: { select: true, update: ['secret'], delete: true },
});

const IS_EXPIRED = `f.confirmed_at IS NULL AND f.created_at <= now() - interval '${CONFIRMATION_MINUTES} minutes'`;

/*
 * A user has a limited number of factors, however many are added at once: additions of one user wait for each other. Those
 * that were never confirmed are deleted first, and do not count.
 */
const LIMIT_FACTORS = definerFunction({
  signature: 'limit_user_factors()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  PERFORM FROM public.users u WHERE u.tenant_id = NEW.tenant_id AND u.id = NEW.user_id FOR NO KEY UPDATE;
  DELETE FROM public.user_factors f
   WHERE f.tenant_id = NEW.tenant_id AND f.user_id = NEW.user_id AND ${IS_EXPIRED};
  IF (SELECT count(*) FROM public.user_factors f
       WHERE f.tenant_id = NEW.tenant_id AND f.user_id = NEW.user_id) >= ${MAX_FACTORS} THEN
    RAISE EXCEPTION 'the user has % factors already', ${MAX_FACTORS} USING
      ERRCODE = 'check_violation', TABLE = 'user_factors', CONSTRAINT = 'user_factors_limit';
  END IF;
  NEW.created_at := now();
  RETURN NEW;
END`,
});

/*
 * A used code or counter never becomes usable again, whatever a statement of the service says, and only a confirmation in
 * time makes a factor of a new authenticator app.
 */
const KEEP_FACTOR_USED = `
  CREATE FUNCTION public.keep_factor_used() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    IF NEW.last_step < OLD.last_step OR NEW.counter < OLD.counter OR num_nulls(NEW.last_step, NEW.counter)
         > num_nulls(OLD.last_step, OLD.counter)
       OR (OLD.confirmed_at IS DISTINCT FROM NEW.confirmed_at
           AND (OLD.confirmed_at IS NOT NULL OR OLD.created_at <= now() - interval '${CONFIRMATION_MINUTES} minutes')) THEN
      RAISE EXCEPTION 'a factor cannot be set back' USING
        ERRCODE = 'check_violation', TABLE = 'user_factors', CONSTRAINT = 'user_factors_stay_used';
    END IF;
    RETURN NEW;
  END
  $$;
  REVOKE ALL ON FUNCTION public.keep_factor_used() FROM PUBLIC`;

/*
 * Keeps users.factors, which the status of every session has: a change reports itself to the revocation feed. The user's row
 * is locked first, so that the statement after it sees what a concurrent change of the same user has committed.
 */
const KEEP_USER_FACTORS = definerFunction({
  signature: 'keep_user_factors()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  tenant CONSTANT uuid := coalesce(NEW.tenant_id, OLD.tenant_id);
  owner CONSTANT uuid := coalesce(NEW.user_id, OLD.user_id);
  kinds text[];
BEGIN
  PERFORM FROM public.users u WHERE u.tenant_id = tenant AND u.id = owner FOR NO KEY UPDATE;
  SELECT coalesce(array_agg(DISTINCT f.kind ORDER BY f.kind), '{}') INTO kinds FROM public.user_factors f
   WHERE f.tenant_id = tenant AND f.user_id = owner AND f.confirmed_at IS NOT NULL;
  UPDATE public.users u SET factors = kinds
   WHERE u.tenant_id = tenant AND u.id = owner AND u.factors <> kinds;
  RETURN NULL;
END`,
});

const TRIGGERS = `
  CREATE TRIGGER user_factors_limited BEFORE INSERT ON public.user_factors
    FOR EACH ROW EXECUTE FUNCTION public.limit_user_factors();
  CREATE TRIGGER user_factors_stay_used BEFORE UPDATE OF last_step, counter, confirmed_at ON public.user_factors
    FOR EACH ROW EXECUTE FUNCTION public.keep_factor_used();
  CREATE TRIGGER user_factors_counted AFTER INSERT OR DELETE OR UPDATE OF confirmed_at ON public.user_factors
    FOR EACH ROW EXECUTE FUNCTION public.keep_user_factors();
  -- Not the use of a factor: the events of the log-in tell it.
  CREATE TRIGGER user_factors_audit AFTER INSERT OR DELETE OR UPDATE OF name, confirmed_at ON public.user_factors
    FOR EACH ROW EXECUTE FUNCTION public.audit_tenant_access()`;

/* What the factors of the current user are verified with. Those of other users cannot be read, whatever permissions are claimed. */
const OWN_FACTOR_SECRETS = definerFunction({
  signature: 'own_factor_secrets()',
  returns: `TABLE (id uuid, kind text, secret bytea, last_step bigint, credential_id bytea, public_key bytea,
    counter bigint, transports text[], rp_id text, is_confirmed boolean)`,
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT f.id, f.kind, f.secret, f.last_step, f.credential_id, f.public_key, f.counter, f.transports, f.rp_id::text,
       f.confirmed_at IS NOT NULL
  FROM public.user_factors f
 WHERE f.tenant_id = ${CURRENT_TENANT} AND f.user_id = ${CURRENT_USER_ID} AND NOT (${IS_EXPIRED})
 ORDER BY f.id`,
});

/* Whose passkey this is, for a log-in that names no user. The credential's id is random and known to its holder alone. */
const FIND_PASSKEY_USER = definerFunction({
  signature: 'find_passkey_user(p_credential_id bytea)',
  returns: 'TABLE (user_id uuid)',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT f.user_id FROM public.user_factors f
 WHERE f.tenant_id = ${CURRENT_TENANT} AND f.credential_id = p_credential_id AND f.confirmed_at IS NOT NULL`,
});

/* For the rotation of data keys: the encrypted seeds of all tenants, in the order of their keys. */
const ENCRYPTED_SEEDS = definerFunction({
  signature: 'encrypted_seeds(p_after_tenant uuid, p_after uuid, p_limit integer)',
  returns: 'TABLE (tenant_id uuid, user_id uuid, id uuid, secret bytea)',
  language: 'sql',
  volatility: 'stable',
  callers: [OPERATOR_ROLE],
  body: `
SELECT f.tenant_id, f.user_id, f.id, f.secret FROM public.user_factors f
 WHERE f.kind = 'totp' AND (f.tenant_id, f.id) > (p_after_tenant, p_after)
 ORDER BY f.tenant_id, f.id LIMIT p_limit`,
});

/* Replaces a seed that is still the one that was read. */
const REPLACE_SEED = definerFunction({
  signature: 'replace_seed(p_tenant uuid, p_id uuid, p_old bytea, p_new bytea)',
  returns: 'boolean',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
BEGIN
  UPDATE public.user_factors f SET secret = p_new
   WHERE f.tenant_id = p_tenant AND f.id = p_id AND f.secret = p_old;
  RETURN FOUND;
END`,
});

/** Authenticator apps and passkeys of users. */
export const USER_FACTORS: SchemaPart = {
  up: [
    TABLE,
    POLICIES,
    KEEP_FACTOR_USED,
    asGatekeeper(
      LIMIT_FACTORS,
      KEEP_USER_FACTORS,
      TRIGGERS,
      OWN_FACTOR_SECRETS,
      FIND_PASSKEY_USER,
      ENCRYPTED_SEEDS,
      REPLACE_SEED,
    ),
  ],
  down: [
    `DROP FUNCTION public.own_factor_secrets(), public.find_passkey_user(bytea),
       public.encrypted_seeds(uuid, uuid, integer), public.replace_seed(uuid, uuid, bytea, bytea)`,
    'DROP TABLE public.user_factors',
    'DROP FUNCTION public.limit_user_factors(), public.keep_factor_used(), public.keep_user_factors()',
  ],
};
