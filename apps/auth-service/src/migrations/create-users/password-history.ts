import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  definerFunction,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

/** The most former passwords of a user that are kept: each costs a hash when a new one is compared with it. */
const MAX_FORMER_PASSWORDS = 24;

const TABLE = `
  CREATE TABLE public.password_history (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    password_hash text NOT NULL CONSTRAINT password_history_hash_check CHECK (password_hash LIKE '$argon2id$%'),
    replaced_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT password_history_pkey PRIMARY KEY (tenant_id, user_id, id),
    CONSTRAINT password_history_user_fkey FOREIGN KEY (tenant_id, user_id)
      REFERENCES public.users (tenant_id, id) ON DELETE CASCADE
  )`;

/* No login reads or writes it: the trigger writes, and former_passwords() reads for the user alone. */
const POLICIES = protectTenantTable({
  table: 'password_history',
  policies: {},
  operators: [],
  gatekeeper: { select: true, insert: ['tenant_id', 'user_id', 'password_hash'], delete: true },
});

/*
 * Keeps the password that is replaced, and deletes all beyond the number of the tenant's settings. A trigger, so that no
 * writer of passwords can leave it out. A password that an admin gave or reset is not one that the user has chosen.
 */
const KEEP_FORMER_PASSWORD = definerFunction({
  signature: 'keep_former_password()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  stored jsonb;
  kept numeric := 0;
BEGIN
  SELECT s.setting_value -> 'passwordHistory' INTO stored FROM public.tenant_settings s
   WHERE s.tenant_id = NEW.tenant_id AND s.setting_key = 'security';
  -- A value that no tenant can set counts as not set, as it does in the service.
  IF jsonb_typeof(stored) = 'number' AND stored::numeric BETWEEN 0 AND ${MAX_FORMER_PASSWORDS} THEN
    kept := stored::numeric;
  END IF;
  IF kept >= 1 AND OLD.temporary_password_expires_at IS NULL THEN
    INSERT INTO public.password_history (tenant_id, user_id, password_hash)
    VALUES (OLD.tenant_id, OLD.id, OLD.password_hash);
  END IF;
  DELETE FROM public.password_history h
   WHERE h.tenant_id = OLD.tenant_id AND h.user_id = OLD.id AND h.id NOT IN (
     SELECT n.id FROM public.password_history n WHERE n.tenant_id = OLD.tenant_id AND n.user_id = OLD.id
      ORDER BY n.id DESC LIMIT floor(kept));
  RETURN NULL;
END`,
});

/*
 * It names must_change_password, which every statement that sets a new password sets. One that stores a stronger hash of
 * the same password sets the hash alone.
 */
const TRIGGER = `
  CREATE TRIGGER users_former_password AFTER UPDATE OF must_change_password ON public.users
    FOR EACH ROW WHEN (OLD.password_hash <> NEW.password_hash) EXECUTE FUNCTION public.keep_former_password()`;

/* The hashes of the current user's former passwords, the latest first. */
const FORMER_PASSWORDS = definerFunction({
  signature: 'former_passwords(p_count integer)',
  returns: 'TABLE (password_hash text)',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT h.password_hash FROM public.password_history h
 WHERE h.tenant_id = ${CURRENT_TENANT} AND h.user_id = ${CURRENT_USER_ID}
 ORDER BY h.id DESC LIMIT least(p_count, ${MAX_FORMER_PASSWORDS})`,
});

/** Former passwords of the users, as hashes, where the tenant refuses their reuse. */
export const PASSWORD_HISTORY: SchemaPart = {
  up: [TABLE, POLICIES, asGatekeeper(KEEP_FORMER_PASSWORD, TRIGGER, FORMER_PASSWORDS)],
  down: [
    'DROP TRIGGER users_former_password ON public.users',
    'DROP FUNCTION public.keep_former_password(), public.former_passwords(integer)',
    'DROP TABLE public.password_history',
  ],
};
