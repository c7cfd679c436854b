import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  definerFunction,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { MANAGES_INVITES, MAY_INVITE_TO_ROLE, mayStillInvite } from './inviter-rank.js';
import { INVITE_IS_VALID } from './invites.js';

const TABLES = `
  CREATE TABLE public.invite_links (
    tenant_id uuid NOT NULL CONSTRAINT invite_links_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    token_hash bytea NOT NULL CONSTRAINT invite_links_token_hash_check CHECK (octet_length(token_hash) = 32),
    -- Never admin: everyone who has the link can use it.
    role text NOT NULL DEFAULT 'user'
      CONSTRAINT invite_links_role_check CHECK (role IN ('viewer', 'user', 'manager')),
    quota integer NOT NULL CONSTRAINT invite_links_quota_check CHECK (quota BETWEEN 1 AND 10000),
    used_count integer NOT NULL DEFAULT 0,
    -- Empty means an address of any domain.
    allowed_domains text[] NOT NULL DEFAULT '{}'
      CONSTRAINT invite_links_allowed_domains_check CHECK (array_position(allowed_domains, NULL) IS NULL),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    revoked_at timestamptz,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT invite_links_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT invite_links_token_hash_key UNIQUE (tenant_id, token_hash),
    CONSTRAINT invite_links_used_count_check CHECK (used_count BETWEEN 0 AND quota),
    CONSTRAINT invite_links_created_by_fkey FOREIGN KEY (tenant_id, created_by)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (created_by)
  );
  CREATE INDEX invite_links_created_by_idx ON public.invite_links (tenant_id, created_by) WHERE created_by IS NOT NULL;

  -- The users who registered through a link. Deleting a user does not free the use.
  CREATE TABLE public.invite_link_uses (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    link_id uuid NOT NULL,
    user_id uuid,
    used_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT invite_link_uses_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT invite_link_uses_link_fkey FOREIGN KEY (tenant_id, link_id)
      REFERENCES public.invite_links (tenant_id, id) ON DELETE CASCADE,
    -- Deferred: the link gives the role, so it is used just before the user's row is inserted.
    CONSTRAINT invite_link_uses_user_fkey FOREIGN KEY (tenant_id, user_id)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (user_id) DEFERRABLE INITIALLY DEFERRED
  );
  CREATE INDEX invite_link_uses_link_idx ON public.invite_link_uses (tenant_id, link_id, id);
  CREATE INDEX invite_link_uses_user_idx ON public.invite_link_uses (tenant_id, user_id) WHERE user_id IS NOT NULL`;

const LINK = [
  'tenant_id',
  'id',
  'role',
  'quota',
  'used_count',
  'allowed_domains',
  'expires_at',
  'revoked_at',
  'created_by',
  'created_at',
];

const POLICIES = [
  protectTenantTable({
    table: 'invite_links',
    policies: {
      select: MANAGES_INVITES,
      insert: `${MAY_INVITE_TO_ROLE} AND created_by = ${CURRENT_USER_ID}`,
      update: MAY_INVITE_TO_ROLE,
    },
    columns: {
      // Without token_hash, which only the functions below compare. Only accept_invite_link() raises used_count.
      select: LINK,
      update: ['revoked_at'],
    },
    gatekeeper: { select: [...LINK, 'token_hash'], update: ['used_count'] },
  }),
  protectTenantTable({
    table: 'invite_link_uses',
    policies: { select: MANAGES_INVITES },
    operators: ['select'],
    gatekeeper: {
      select: ['tenant_id', 'link_id', 'user_id'],
      insert: ['tenant_id', 'link_id', 'user_id'],
    },
  }),
];

const LINK_IS_VALID = `l.revoked_at IS NULL AND l.expires_at > now() AND l.used_count < l.quota
   AND ${mayStillInvite('l.role', 'l.created_by')}`;

/*
 * Counts one use. A concurrent call waits for the row lock and then checks the quota against the new count. The domain
 * is what follows the last @, because a quoted local part may contain one.
 */
const ACCEPT_INVITE_LINK = definerFunction({
  signature: 'accept_invite_link(p_token_hash bytea, p_email text, p_user uuid)',
  returns: 'TABLE (id uuid, role text)',
  language: 'sql',
  callers: [SERVICE_ROLE],
  body: `
WITH taken AS (
  UPDATE public.invite_links l
     SET used_count = l.used_count + 1
   WHERE l.tenant_id = ${CURRENT_TENANT} AND l.token_hash = p_token_hash
     AND (l.allowed_domains = '{}' OR substring(p_email FROM '@([^@]+)$') = ANY (l.allowed_domains))
     AND ${LINK_IS_VALID}
  RETURNING l.tenant_id, l.id, l.role
), recorded AS (
  INSERT INTO public.invite_link_uses (tenant_id, link_id, user_id) SELECT t.tenant_id, t.id, p_user FROM taken t
)
SELECT t.id, t.role FROM taken t`,
});

/* What the holder of a token may see before they accept: a valid invitation or link, and nothing of an invalid one. */
const INSPECT_INVITATION = definerFunction({
  signature: 'inspect_invitation(p_token_hash bytea)',
  returns: 'TABLE (email text, role text, expires_at timestamptz, allowed_domains text[])',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT i.email::text, i.role, i.expires_at, NULL::text[]
  FROM public.invites i
 WHERE i.tenant_id = ${CURRENT_TENANT} AND i.token_hash = p_token_hash AND ${INVITE_IS_VALID}
 UNION ALL
SELECT NULL, l.role, l.expires_at, l.allowed_domains
  FROM public.invite_links l
 WHERE l.tenant_id = ${CURRENT_TENANT} AND l.token_hash = p_token_hash AND ${LINK_IS_VALID}`,
});

/** Invitation links, each for many users, and the function that shows an invitation of either kind. */
export const INVITE_LINKS: SchemaPart = {
  up: [TABLES, ...POLICIES, asGatekeeper(ACCEPT_INVITE_LINK, INSPECT_INVITATION)],
  down: [
    'DROP FUNCTION public.accept_invite_link(bytea, text, uuid), public.inspect_invitation(bytea)',
    'DROP TABLE public.invite_link_uses, public.invite_links',
  ],
};
