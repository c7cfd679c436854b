import {
  asGatekeeper,
  CURRENT_USER_ID,
  definerFunction,
  dropTriggers,
  protectTenantTable,
  type SchemaPart,
} from '@poc-tracker/tenancy';

const IS_OWN = `user_id = ${CURRENT_USER_ID}`;

/* A challenge is deleted when it is used. */
const TABLE = `
  CREATE TABLE public.login_challenges (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    -- What the user has proved already, as in user_sessions.
    amr text[] NOT NULL,
    device_id varchar(100),
    -- Whether the log-in revokes the other sessions of the user, after a new password.
    revokes_others boolean NOT NULL,
    tries integer NOT NULL DEFAULT 0 CONSTRAINT login_challenges_tries_check CHECK (tries >= 0),
    -- When a code for it was last sent by mail.
    mailed_at timestamptz,
    expires_at timestamptz NOT NULL DEFAULT clock_timestamp() + interval '5 minutes',
    CONSTRAINT login_challenges_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT login_challenges_user_fkey FOREIGN KEY (tenant_id, user_id)
      REFERENCES public.users (tenant_id, id) ON DELETE CASCADE
  );
  CREATE INDEX login_challenges_user_idx ON public.login_challenges (tenant_id, user_id)`;

const POLICIES = protectTenantTable({
  table: 'login_challenges',
  policies: { select: IS_OWN, insert: IS_OWN, update: IS_OWN, delete: IS_OWN },
  columns: { update: ['tries', 'mailed_at'] },
  operators: [],
  gatekeeper: { select: ['tenant_id', 'id', 'user_id'], delete: true },
});

/* A trigger, so that no statement that changes an account can leave out the log-ins that have begun before. */
const END_LOGIN_CHALLENGES = definerFunction({
  signature: 'end_login_challenges()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  DELETE FROM public.login_challenges c WHERE c.tenant_id = NEW.tenant_id AND c.user_id = NEW.id;
  RETURN NULL;
END`,
});

const proofsOf = (row: 'OLD' | 'NEW'): string =>
  `(${['password_hash', 'must_change_password', 'status', 'email', 'factors'].map((column) => `${row}.${column}`).join(', ')})`;

const TRIGGER = `
  CREATE TRIGGER users_login_challenges AFTER UPDATE ON public.users
    FOR EACH ROW WHEN (${proofsOf('OLD')} IS DISTINCT FROM ${proofsOf('NEW')})
    EXECUTE FUNCTION public.end_login_challenges()`;

/** Log-ins whose first factor was proved. They end with a change of the password, the status, the address or the factors. */
export const LOGIN_CHALLENGES: SchemaPart = {
  up: [TABLE, POLICIES, asGatekeeper(END_LOGIN_CHALLENGES, TRIGGER)],
  down: [
    ...dropTriggers(TRIGGER),
    'DROP FUNCTION public.end_login_challenges()',
    'DROP TABLE public.login_challenges',
  ],
};
