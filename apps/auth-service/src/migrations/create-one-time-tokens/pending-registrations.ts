import {
  asGatekeeper,
  CURRENT_TENANT,
  definerFunction,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { EMAIL_KEY_COLUMN } from '../create-roles-and-context/stored-email.js';

const TABLE = `
  CREATE TABLE public.pending_registrations (
    tenant_id uuid NOT NULL
      CONSTRAINT pending_registrations_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    token_hash bytea NOT NULL
      CONSTRAINT pending_registrations_hash_check CHECK (octet_length(token_hash) = 32),
    email varchar(255) NOT NULL CONSTRAINT pending_registrations_email_check CHECK (public.is_email_address(email)),
    ${EMAIL_KEY_COLUMN},
    password_hash text NOT NULL
      CONSTRAINT pending_registrations_password_check CHECK (password_hash LIKE '$argon2id$%'),
    first_name varchar(100)
      CONSTRAINT pending_registrations_first_name_check CHECK (public.is_line_of_text(first_name)),
    last_name varchar(100)
      CONSTRAINT pending_registrations_last_name_check CHECK (public.is_line_of_text(last_name)),
    -- The invitation that the registration uses up when it is confirmed.
    invite_kind text CONSTRAINT pending_registrations_invite_check CHECK (invite_kind IN ('user', 'link')),
    invite_token_hash bytea
      CONSTRAINT pending_registrations_invite_hash_check CHECK (octet_length(invite_token_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '7 days',
    CONSTRAINT pending_registrations_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT pending_registrations_hash_key UNIQUE (tenant_id, token_hash)
  );
  CREATE INDEX pending_registrations_email_idx ON public.pending_registrations (tenant_id, email_key);
  CREATE INDEX pending_registrations_expires_at_idx ON public.pending_registrations (expires_at)`;

const STATED = [
  'email',
  'password_hash',
  'first_name',
  'last_name',
  'invite_kind',
  'invite_token_hash',
];

/* No user of the tenant sees who has not confirmed, and no login reads a hash. The operators' login deletes expired rows. */
const POLICIES = protectTenantTable({
  table: 'pending_registrations',
  policies: {},
  operators: ['select', 'delete'],
  columns: { select: ['tenant_id', 'id', 'created_at', 'expires_at'] },
  gatekeeper: {
    select: true,
    insert: ['tenant_id', 'token_hash', ...STATED],
    delete: true,
  },
});

/*
 * Each registration has a row of its own, because strangers may register the same address: the first of them that proves
 * the address and knows the password of its own row gets the account.
 */
const ADD_REGISTRATION = definerFunction({
  signature: `add_pending_registration(p_hash bytea, p_email text, p_password_hash text, p_first_name text, p_last_name text,
    p_invite_kind text, p_invite_hash bytea)`,
  returns: 'timestamptz',
  language: 'sql',
  callers: [SERVICE_ROLE],
  body: `
INSERT INTO public.pending_registrations (tenant_id, token_hash, ${STATED.join(', ')})
SELECT ${CURRENT_TENANT}, p_hash, p_email, p_password_hash, p_first_name, p_last_name, p_invite_kind, p_invite_hash
RETURNING expires_at`,
});

const FIND_REGISTRATION = definerFunction({
  signature: 'find_pending_registration(p_hash bytea)',
  returns: `TABLE (email text, password_hash text, first_name text, last_name text, invite_kind text, invite_token_hash bytea)`,
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT r.email::text, r.password_hash, r.first_name::text, r.last_name::text, r.invite_kind, r.invite_token_hash
  FROM public.pending_registrations r
 WHERE r.tenant_id = ${CURRENT_TENANT} AND r.token_hash = p_hash AND r.expires_at > clock_timestamp()`,
});

/*
 * Uses up a registration. Of several concurrent calls one gets the row. The other registrations of the address go with it:
 * the address has an account now.
 */
const CONSUME_REGISTRATION = definerFunction({
  signature: 'consume_pending_registration(p_hash bytea)',
  returns: 'boolean',
  language: 'plpgsql',
  callers: [SERVICE_ROLE],
  body: `
DECLARE
  address text;
BEGIN
  DELETE FROM public.pending_registrations r
   WHERE r.tenant_id = ${CURRENT_TENANT} AND r.token_hash = p_hash AND r.expires_at > clock_timestamp()
  RETURNING r.email_key INTO address;
  DELETE FROM public.pending_registrations r WHERE r.tenant_id = ${CURRENT_TENANT} AND r.email_key = address;
  RETURN address IS NOT NULL;
END`,
});

/** Registrations whose addresses are not proved yet. They are no users, and take no seat. */
export const PENDING_REGISTRATIONS: SchemaPart = {
  up: [TABLE, POLICIES, asGatekeeper(ADD_REGISTRATION, FIND_REGISTRATION, CONSUME_REGISTRATION)],
  down: [
    `DROP FUNCTION public.add_pending_registration(bytea, text, text, text, text, text, bytea),
       public.find_pending_registration(bytea), public.consume_pending_registration(bytea)`,
    'DROP TABLE public.pending_registrations',
  ],
};
