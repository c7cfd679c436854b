import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  CURRENT_USER_ROLE,
  definerFunction,
  protectTenantTable,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

const IS_OWN = `user_id = ${CURRENT_USER_ID}`;
export const OVERSEES = `${CURRENT_USER_ROLE} IN ('manager', 'admin')`;
export const MAY_INVITE = `${CURRENT_USER_ROLE} = 'admin' OR (${CURRENT_USER_ROLE} = 'manager' AND role <> 'admin')`;

const INVITE = ['tenant_id', 'id', 'email', 'role', 'expires_at', 'accepted_at', 'revoked_at'];

/** Sessions, invitations and the functions that judge a token before there is a user. */
export class CreateSessionsAndInvites1795460300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(
      [
        protectTenantTable({
          table: 'user_sessions',
          policies: {
            select: `${IS_OWN} OR ${OVERSEES}`,
            insert: IS_OWN,
            update: `${IS_OWN} OR ${OVERSEES}`,
            delete: `${IS_OWN} OR ${OVERSEES}`,
          },
          columns: {
            // Not the session's owner, nor its absolute end.
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
              'is_active',
              'revoked_at',
            ],
          },
          gatekeeper: { select: ['tenant_id', 'id', 'user_id', 'is_active', 'expires_at'] },
        }),
        protectTenantTable({
          table: 'invites',
          policies: { select: OVERSEES, insert: MAY_INVITE, update: MAY_INVITE },
          columns: {
            // Not token_hash: accept_invite alone compares it.
            select: [...INVITE, 'accepted_by', 'invited_by', 'created_at'],
            update: ['token_hash', 'expires_at', 'revoked_at'],
          },
          gatekeeper: { select: [...INVITE, 'token_hash'], update: ['accepted_at', 'accepted_by'] },
        }),
      ].join(';\n'),
    );
    await runner.query(asGatekeeper(SESSION_STANDING, ACCEPT_INVITE));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE public.invites, public.user_sessions;
      DROP FUNCTION public.session_standing(uuid, uuid, uuid), public.accept_invite(bytea, text, uuid)`);
  }
}

const TABLES = `
  CREATE TABLE public.user_sessions (
    tenant_id uuid NOT NULL CONSTRAINT user_sessions_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    user_id uuid NOT NULL,
    -- SHA-256. The token itself holds 256 random bits, so a slow hash would add nothing.
    refresh_token_hash bytea NOT NULL
      CONSTRAINT user_sessions_refresh_token_hash_check CHECK (octet_length(refresh_token_hash) = 32),
    previous_refresh_token_hash bytea
      CONSTRAINT user_sessions_previous_hash_check CHECK (octet_length(previous_refresh_token_hash) = 32),
    refresh_nonce bytea NOT NULL,
    generation integer NOT NULL DEFAULT 0 CONSTRAINT user_sessions_generation_check CHECK (generation >= 0),
    rotated_at timestamptz NOT NULL DEFAULT now(),
    device_info jsonb NOT NULL DEFAULT '{}',
    ip_address inet,
    user_agent text,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL DEFAULT now(),
    is_active boolean NOT NULL DEFAULT true,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_sessions_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT user_sessions_refresh_token_hash_key UNIQUE (tenant_id, refresh_token_hash),
    CONSTRAINT user_sessions_user_fkey FOREIGN KEY (tenant_id, user_id)
      REFERENCES public.users (tenant_id, id) ON DELETE CASCADE
  );
  CREATE INDEX user_sessions_user_idx ON public.user_sessions (tenant_id, user_id);
  CREATE INDEX user_sessions_active_expiry_idx ON public.user_sessions (tenant_id, expires_at) WHERE is_active;

  CREATE TABLE public.invites (
    tenant_id uuid NOT NULL CONSTRAINT invites_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    token_hash bytea NOT NULL CONSTRAINT invites_token_hash_check CHECK (octet_length(token_hash) = 32),
    email varchar(255) NOT NULL CONSTRAINT invites_email_check CHECK (email = lower(email)),
    role text NOT NULL DEFAULT 'user'
      CONSTRAINT invites_role_check CHECK (role IN ('admin', 'manager', 'user', 'viewer')),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    accepted_at timestamptz,
    accepted_by uuid,
    invited_by uuid,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT invites_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT invites_token_hash_key UNIQUE (tenant_id, token_hash),
    -- Deferred: the invitation gives the role, hence is accepted just before the person's row is written.
    CONSTRAINT invites_accepted_by_fkey FOREIGN KEY (tenant_id, accepted_by)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (accepted_by) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT invites_invited_by_fkey FOREIGN KEY (tenant_id, invited_by)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (invited_by)
  );
  CREATE INDEX invites_accepted_by_idx ON public.invites (tenant_id, accepted_by) WHERE accepted_by IS NOT NULL;
  CREATE INDEX invites_invited_by_idx ON public.invites (tenant_id, invited_by) WHERE invited_by IS NOT NULL`;

/*
 * What a verified access token is worth at this moment: three look-ups by primary key, asked on every request before
 * there is a context. Whoever calls it names tenant, user and session, which only a token of ours can tell.
 */
export const SESSION_STANDING = definerFunction({
  signature: 'session_standing(p_tenant uuid, p_user uuid, p_session uuid)',
  returns: `TABLE (session_active boolean, session_expires_at timestamptz, user_status text, user_role text,
    permissions jsonb, id uuid, name text, subdomain text, custom_domain text, plan_type text, status text,
    features jsonb, max_users integer, max_pocs integer, max_storage_gb integer)`,
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT s.is_active, s.expires_at, u.status, u.role, u.permissions,
       t.id, t.name, t.subdomain, t.branding ->> 'custom_domain', t.plan_type, t.status,
       t.features, t.max_users, t.max_pocs, t.max_storage_gb
  FROM public.user_sessions s
  JOIN public.users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
  JOIN public.tenants t ON t.id = s.tenant_id
 WHERE s.tenant_id = p_tenant AND s.id = p_session AND s.user_id = p_user AND t.deleted_at IS NULL`,
});

/*
 * One UPDATE, so that of many acceptances at once one wins: the others wait for its row lock and then find accepted_at
 * set. The role is the invitation's; nothing that the person sends can change it.
 */
export const ACCEPT_INVITE = definerFunction({
  signature: 'accept_invite(p_token_hash bytea, p_email text, p_user uuid)',
  returns: 'TABLE (role text)',
  language: 'sql',
  callers: [SERVICE_ROLE],
  body: `
UPDATE public.invites i
   SET accepted_at = now(), accepted_by = p_user
 WHERE i.tenant_id = ${CURRENT_TENANT}
   AND i.token_hash = p_token_hash AND i.email = lower(p_email)
   AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
RETURNING i.role`,
});
