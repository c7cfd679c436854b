import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  definerFunction,
  GATEKEEPER_ROLE,
  OPERATOR_ROLE,
  protectTenantTable,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import {
  ACCEPT_INVITE,
  MAY_INVITE,
  OVERSEES,
} from './1795460300000-create-sessions-and-invites.js';
import { auditTable } from './audited-table.js';

/** Lowest first, as `ROLES` in the contracts: nobody invites above their own. */
const RANKS = `ARRAY['viewer', 'user', 'manager', 'admin']`;

/** How high the person who asks may invite; once a statement, and null for whoever may not invite at all. */
const OWN_RANK = `(select public.rank_to_invite(${CURRENT_USER_ID}))`;
const SEES_INVITATIONS = `${OWN_RANK} IS NOT NULL`;
const WITHIN_OWN_RANK = `array_position(${RANKS}, role) <= ${OWN_RANK}`;

/** Columns of invites that came with this migration. */
const DELIVERY = ['sent_count', 'last_sent_at', 'superseded_at'];

/**
 * Invitations that can be sent again and listed, links that many may use, and one rule for who vouches: an invitation
 * is worth what its inviter may still give at the moment when it is accepted.
 */
export class ExtendInvites1795470300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(INVITES);
    await runner.query(LINKS);
    await runner.query(asGatekeeper(RANK_TO_INVITE));
    await runner.query(
      [
        `ALTER POLICY invites_select_${SERVICE_ROLE} ON public.invites USING (${SEES_INVITATIONS})`,
        `ALTER POLICY invites_insert_${SERVICE_ROLE} ON public.invites
           WITH CHECK (${WITHIN_OWN_RANK} AND invited_by = ${CURRENT_USER_ID})`,
        `ALTER POLICY invites_update_${SERVICE_ROLE} ON public.invites
           USING (${WITHIN_OWN_RANK}) WITH CHECK (${WITHIN_OWN_RANK})`,
        `GRANT SELECT (${DELIVERY.join(', ')}), UPDATE (${DELIVERY.join(', ')}, invited_by) ON public.invites
           TO ${SERVICE_ROLE}, ${OPERATOR_ROLE}`,
        `GRANT SELECT (superseded_at, invited_by), UPDATE (superseded_at) ON public.invites TO ${GATEKEEPER_ROLE}`,
        protectTenantTable({
          table: 'invite_links',
          policies: {
            select: SEES_INVITATIONS,
            insert: `${WITHIN_OWN_RANK} AND created_by = ${CURRENT_USER_ID}`,
            update: WITHIN_OWN_RANK,
          },
          columns: {
            // Not token_hash: accept_invite_link alone compares it. Nor may anybody but it count a use.
            select: LINK_COLUMNS,
            update: ['revoked_at'],
          },
          gatekeeper: { select: [...LINK_COLUMNS, 'token_hash'], update: ['used_count'] },
        }),
        protectTenantTable({
          table: 'invite_link_uses',
          policies: { select: SEES_INVITATIONS },
          operators: ['select'],
          gatekeeper: { insert: ['tenant_id', 'link_id', 'user_id'] },
        }),
      ].join(';\n'),
    );
    await runner.query(
      asGatekeeper(
        DROP_ACCEPT_INVITE,
        ACCEPT_STANDING_INVITE,
        ACCEPT_INVITE_LINK,
        INSPECT_INVITATION,
        SUPERSEDE_EXPIRED,
        auditTable('invite_links'),
      ),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      asGatekeeper(
        DROP_ACCEPT_INVITE,
        `DROP FUNCTION public.accept_invite_link(bytea, text, uuid), public.inspect_invitation(bytea),
           public.supersede_expired_invites(text[])`,
        ACCEPT_INVITE,
      ),
    );
    await runner.query(`
      ALTER POLICY invites_select_${SERVICE_ROLE} ON public.invites USING (${OVERSEES});
      ALTER POLICY invites_insert_${SERVICE_ROLE} ON public.invites WITH CHECK (${MAY_INVITE});
      ALTER POLICY invites_update_${SERVICE_ROLE} ON public.invites USING (${MAY_INVITE}) WITH CHECK (${MAY_INVITE});
      REVOKE UPDATE (invited_by) ON public.invites FROM ${SERVICE_ROLE}, ${OPERATOR_ROLE};
      REVOKE SELECT (invited_by) ON public.invites FROM ${GATEKEEPER_ROLE};
      DROP TABLE public.invite_link_uses, public.invite_links;
      DROP INDEX public.invites_open_email_key;
      ALTER TABLE public.invites ${DELIVERY.map((column) => `DROP COLUMN ${column}`).join(', ')};
      DROP FUNCTION public.rank_to_invite(uuid)`);
  }
}

/*
 * The owner passes no policy, so FORCE is off for the one statement that closes all but the newest of several open
 * invitations of one address, which the unique index would refuse.
 */
const INVITES = `
  ALTER TABLE public.invites
    ADD COLUMN sent_count integer NOT NULL DEFAULT 1
      CONSTRAINT invites_sent_count_check CHECK (sent_count >= 1),
    ADD COLUMN last_sent_at timestamptz NOT NULL DEFAULT now(),
    -- Set on an expired invitation when a new one for the address takes its place.
    ADD COLUMN superseded_at timestamptz;
  ALTER TABLE public.invites NO FORCE ROW LEVEL SECURITY;
  UPDATE public.invites i
     SET superseded_at = now()
   WHERE i.accepted_at IS NULL AND i.revoked_at IS NULL
     AND EXISTS (
       SELECT FROM public.invites n
        WHERE n.tenant_id = i.tenant_id AND n.email = i.email AND n.accepted_at IS NULL AND n.revoked_at IS NULL
          AND (n.created_at, n.id) > (i.created_at, i.id));
  ALTER TABLE public.invites FORCE ROW LEVEL SECURITY;
  CREATE UNIQUE INDEX invites_open_email_key ON public.invites (tenant_id, email)
    WHERE accepted_at IS NULL AND revoked_at IS NULL AND superseded_at IS NULL`;

const LINK_COLUMNS = [
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

const LINKS = `
  CREATE TABLE public.invite_links (
    tenant_id uuid NOT NULL CONSTRAINT invite_links_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    token_hash bytea NOT NULL CONSTRAINT invite_links_token_hash_check CHECK (octet_length(token_hash) = 32),
    -- Whoever holds the link gets the role, hence never the one that owns the tenant.
    role text NOT NULL DEFAULT 'user'
      CONSTRAINT invite_links_role_check CHECK (role IN ('viewer', 'user', 'manager')),
    quota integer NOT NULL CONSTRAINT invite_links_quota_check CHECK (quota BETWEEN 1 AND 10000),
    used_count integer NOT NULL DEFAULT 0,
    -- Empty: an address of any domain.
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

  -- Who came by a link. A use stays used when the person is deleted.
  CREATE TABLE public.invite_link_uses (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    link_id uuid NOT NULL,
    user_id uuid,
    used_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT invite_link_uses_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT invite_link_uses_link_fkey FOREIGN KEY (tenant_id, link_id)
      REFERENCES public.invite_links (tenant_id, id) ON DELETE CASCADE,
    -- Deferred: the link gives the role, hence is used just before the person's row is written.
    CONSTRAINT invite_link_uses_user_fkey FOREIGN KEY (tenant_id, user_id)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (user_id) DEFERRABLE INITIALLY DEFERRED
  );
  CREATE INDEX invite_link_uses_link_idx ON public.invite_link_uses (tenant_id, link_id, id);
  CREATE INDEX invite_link_uses_user_idx ON public.invite_link_uses (tenant_id, user_id) WHERE user_id IS NOT NULL`;

/*
 * The rank of the highest role that a person may give: their own, while they are active and may invite. The policies
 * ask it of whoever writes an invitation, the acceptance asks it of whoever vouched for it.
 */
const RANK_TO_INVITE = definerFunction({
  signature: 'rank_to_invite(p_user uuid)',
  returns: 'integer',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT array_position(${RANKS}, u.role)
  FROM public.users u
 WHERE u.tenant_id = ${CURRENT_TENANT} AND u.id = p_user AND u.status = 'active'
   AND public.holds_permissions(p_user, '["manage_invites"]')`,
});

const DROP_ACCEPT_INVITE = 'DROP FUNCTION public.accept_invite(bytea, text, uuid)';

const INVITE_STANDS = `i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.superseded_at IS NULL
   AND i.expires_at > now() AND array_position(${RANKS}, i.role) <= public.rank_to_invite(i.invited_by)`;

const LINK_STANDS = `l.revoked_at IS NULL AND l.expires_at > now() AND l.used_count < l.quota
   AND array_position(${RANKS}, l.role) <= public.rank_to_invite(l.created_by)`;

/*
 * One UPDATE, so that of many acceptances at once one wins: the others wait for its row lock and then find accepted_at
 * set. The role is the invitation's; nothing that the person sends can change it.
 */
const ACCEPT_STANDING_INVITE = definerFunction({
  signature: 'accept_invite(p_token_hash bytea, p_email text, p_user uuid)',
  returns: 'TABLE (id uuid, role text)',
  language: 'sql',
  callers: [SERVICE_ROLE],
  body: `
UPDATE public.invites i
   SET accepted_at = now(), accepted_by = p_user
 WHERE i.tenant_id = ${CURRENT_TENANT} AND i.token_hash = p_token_hash AND i.email = lower(p_email)
   AND ${INVITE_STANDS}
RETURNING i.id, i.role`,
});

/*
 * Takes one use, exactly: whoever waits for the row lock is held against the count that it finds then. The domain is
 * what follows the last @, because the part before may hold one between quotes.
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
     AND (l.allowed_domains = '{}' OR substring(lower(p_email) FROM '@([^@]+)$') = ANY (l.allowed_domains))
     AND ${LINK_STANDS}
  RETURNING l.tenant_id, l.id, l.role
), recorded AS (
  INSERT INTO public.invite_link_uses (tenant_id, link_id, user_id) SELECT t.tenant_id, t.id, p_user FROM taken t
)
SELECT t.id, t.role FROM taken t`,
});

/* What whoever holds a token may know before accepting. It changes nothing, and tells nothing of what no longer stands. */
const INSPECT_INVITATION = definerFunction({
  signature: 'inspect_invitation(p_token_hash bytea)',
  returns: 'TABLE (email text, role text, expires_at timestamptz, allowed_domains text[])',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT i.email::text, i.role, i.expires_at, NULL::text[]
  FROM public.invites i
 WHERE i.tenant_id = ${CURRENT_TENANT} AND i.token_hash = p_token_hash AND ${INVITE_STANDS}
 UNION ALL
SELECT NULL, l.role, l.expires_at, l.allowed_domains
  FROM public.invite_links l
 WHERE l.tenant_id = ${CURRENT_TENANT} AND l.token_hash = p_token_hash AND ${LINK_STANDS}`,
});

/*
 * An expired invitation makes room for a new one, whoever sent it: below an expired one for a role above theirs, nobody but
 * an admin could ever invite the address again. Locked in one order, for those who invite the same people at once.
 */
const SUPERSEDE_EXPIRED = definerFunction({
  signature: 'supersede_expired_invites(p_emails text[])',
  returns: 'void',
  language: 'sql',
  callers: [SERVICE_ROLE],
  body: `
WITH expired AS (
  SELECT i.tenant_id, i.id FROM public.invites i
   WHERE i.tenant_id = ${CURRENT_TENANT} AND i.email = ANY (p_emails) AND i.accepted_at IS NULL
     AND i.revoked_at IS NULL AND i.superseded_at IS NULL AND i.expires_at <= now()
     AND public.rank_to_invite(${CURRENT_USER_ID}) IS NOT NULL
   ORDER BY i.email, i.id
     FOR NO KEY UPDATE
)
UPDATE public.invites i SET superseded_at = now() FROM expired e WHERE i.tenant_id = e.tenant_id AND i.id = e.id`,
});
