import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  definerFunction,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { EMAIL_KEY_COLUMN } from '../create-roles-and-context/stored-email.js';
import { MANAGES_INVITES, MAY_INVITE_TO_ROLE, mayStillInvite } from './inviter-rank.js';

const TABLE = `
  CREATE TABLE public.invites (
    tenant_id uuid NOT NULL CONSTRAINT invites_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    token_hash bytea NOT NULL CONSTRAINT invites_token_hash_check CHECK (octet_length(token_hash) = 32),
    email varchar(255) NOT NULL CONSTRAINT invites_email_check CHECK (public.is_email_address(email)),
    ${EMAIL_KEY_COLUMN},
    role text NOT NULL DEFAULT 'user'
      CONSTRAINT invites_role_check CHECK (role IN ('admin', 'manager', 'user', 'viewer')),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    accepted_at timestamptz,
    accepted_by uuid,
    invited_by uuid,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_count integer NOT NULL DEFAULT 1
      CONSTRAINT invites_sent_count_check CHECK (sent_count >= 1),
    last_sent_at timestamptz NOT NULL DEFAULT now(),
    -- Set on an expired invitation when a new one for the address replaces it.
    superseded_at timestamptz,
    CONSTRAINT invites_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT invites_token_hash_key UNIQUE (tenant_id, token_hash),
    -- Deferred: the invitation gives the role, so it is accepted just before the user's row is inserted.
    CONSTRAINT invites_accepted_by_fkey FOREIGN KEY (tenant_id, accepted_by)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (accepted_by) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT invites_invited_by_fkey FOREIGN KEY (tenant_id, invited_by)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (invited_by)
  );
  -- An address has at most one open invitation.
  CREATE UNIQUE INDEX invites_open_email_key ON public.invites (tenant_id, email_key)
    WHERE accepted_at IS NULL AND revoked_at IS NULL AND superseded_at IS NULL;
  CREATE INDEX invites_accepted_by_idx ON public.invites (tenant_id, accepted_by) WHERE accepted_by IS NOT NULL;
  CREATE INDEX invites_invited_by_idx ON public.invites (tenant_id, invited_by) WHERE invited_by IS NOT NULL`;

const INVITE = [
  'tenant_id',
  'id',
  'email',
  'email_key',
  'role',
  'expires_at',
  'accepted_at',
  'revoked_at',
];
const DELIVERY = ['sent_count', 'last_sent_at', 'superseded_at'];

const POLICIES = protectTenantTable({
  table: 'invites',
  policies: {
    select: MANAGES_INVITES,
    insert: `${MAY_INVITE_TO_ROLE} AND invited_by = ${CURRENT_USER_ID}`,
    update: MAY_INVITE_TO_ROLE,
  },
  columns: {
    // Without token_hash, which only the functions below compare.
    select: [...INVITE, 'accepted_by', 'invited_by', 'created_at', ...DELIVERY],
    update: ['token_hash', 'expires_at', 'revoked_at', 'invited_by', ...DELIVERY],
  },
  gatekeeper: {
    select: [...INVITE, 'token_hash', 'superseded_at', 'invited_by', 'accepted_by'],
    update: ['accepted_at', 'accepted_by', 'superseded_at'],
  },
});

export const INVITE_IS_VALID = `i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.superseded_at IS NULL
   AND i.expires_at > now() AND ${mayStillInvite('i.role', 'i.invited_by')}`;

/*
 * A single UPDATE, so that an invitation is accepted once: a concurrent call waits for the row lock and then finds
 * accepted_at set. The role is that of the invitation; the caller cannot choose it. So is the address, which the caller
 * may have typed in another form.
 */
const ACCEPT_INVITE = definerFunction({
  signature: 'accept_invite(p_token_hash bytea, p_email text, p_user uuid)',
  returns: 'TABLE (id uuid, role text, email text)',
  language: 'sql',
  callers: [SERVICE_ROLE],
  body: `
UPDATE public.invites i
   SET accepted_at = now(), accepted_by = p_user
 WHERE i.tenant_id = ${CURRENT_TENANT} AND i.token_hash = p_token_hash
   AND i.email_key = public.email_key(p_email)
   AND ${INVITE_IS_VALID}
RETURNING i.id, i.role, i.email::text`,
});

/*
 * Makes room for new invitations to these addresses, whatever the role of the expired ones: otherwise an address whose
 * expired invitation is for a higher role than the caller's could be invited by an admin only. The rows are locked in
 * one order, so that two callers who invite the same addresses cause no deadlock.
 */
const SUPERSEDE_EXPIRED_INVITES = definerFunction({
  signature: 'supersede_expired_invites(p_emails text[])',
  returns: 'void',
  language: 'sql',
  callers: [SERVICE_ROLE],
  body: `
WITH expired AS (
  SELECT i.tenant_id, i.id FROM public.invites i
   WHERE i.tenant_id = ${CURRENT_TENANT} AND i.email_key = ANY (ARRAY(SELECT public.email_key(e) FROM unnest(p_emails) AS e))
     AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.superseded_at IS NULL AND i.expires_at <= now()
     AND ${MANAGES_INVITES}
   ORDER BY i.email_key, i.id
     FOR NO KEY UPDATE
)
UPDATE public.invites i SET superseded_at = now() FROM expired e WHERE i.tenant_id = e.tenant_id AND i.id = e.id`,
});

/** Invitations, each to one address. */
export const INVITES: SchemaPart = {
  up: [TABLE, POLICIES, asGatekeeper(ACCEPT_INVITE, SUPERSEDE_EXPIRED_INVITES)],
  down: [
    'DROP FUNCTION public.accept_invite(bytea, text, uuid), public.supersede_expired_invites(text[])',
    'DROP TABLE public.invites',
  ],
};
