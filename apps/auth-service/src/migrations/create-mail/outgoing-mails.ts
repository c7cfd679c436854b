import {
  asGatekeeper,
  CURRENT_TENANT,
  definerFunction,
  hasPermission,
  OPERATOR_ROLE,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { LOCK_TENANT } from '../create-audit/retention.js';
import { EMAIL_KEY_COLUMN } from '../create-roles-and-context/stored-email.js';

/* The content is encrypted, and erased when the mail is sent: it has links and codes that log in. */
const TABLE = `
  CREATE TABLE public.outgoing_mails (
    tenant_id uuid NOT NULL
      CONSTRAINT outgoing_mails_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    user_id uuid,
    kind text NOT NULL,
    category text NOT NULL
      CONSTRAINT outgoing_mails_category_check CHECK (category IN ('requested', 'security', 'notification')),
    email varchar(255) NOT NULL CONSTRAINT outgoing_mails_email_check CHECK (public.is_email_address(email)),
    ${EMAIL_KEY_COLUMN},
    content bytea,
    -- After this time the mail is not sent any more, because its link or code has expired.
    useless_after timestamptz,
    status text NOT NULL DEFAULT 'pending'
      CONSTRAINT outgoing_mails_status_check CHECK (status IN ('pending', 'sent', 'suppressed', 'dead')),
    attempts integer NOT NULL DEFAULT 0 CONSTRAINT outgoing_mails_attempts_check CHECK (attempts >= 0),
    -- While a worker sends the mail, the end of its lease.
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    -- The attempt that holds the lease. An attempt whose lease another worker has taken over changes nothing.
    claim uuid,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    CONSTRAINT outgoing_mails_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT outgoing_mails_user_fkey FOREIGN KEY (tenant_id, user_id)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (user_id)
  );
  -- The queue. It has the pending mails alone, so a worker that finds nothing reads one page.
  CREATE INDEX outgoing_mails_pending_idx ON public.outgoing_mails (tenant_id, next_attempt_at) WHERE status = 'pending';
  CREATE INDEX outgoing_mails_dead_idx ON public.outgoing_mails (tenant_id, id) WHERE status = 'dead';
  -- The limits per address and per tenant.
  CREATE INDEX outgoing_mails_address_idx ON public.outgoing_mails (tenant_id, email_key, created_at);
  CREATE INDEX outgoing_mails_created_at_idx ON public.outgoing_mails (tenant_id, created_at);
  CREATE INDEX outgoing_mails_user_id_idx ON public.outgoing_mails (tenant_id, user_id) WHERE user_id IS NOT NULL`;

/* No user of a tenant reads or writes it: add_mail() inserts, and the workers send on the operators' login. */
const POLICIES = protectTenantTable({
  table: 'outgoing_mails',
  policies: {},
  operators: ['select', 'update'],
  gatekeeper: {
    select: true,
    insert: [
      'tenant_id',
      'id',
      'user_id',
      'kind',
      'category',
      'email',
      'content',
      'useless_after',
      'status',
      'finished_at',
    ],
    delete: true,
  },
});

const LIMITS_TABLE = `
  CREATE TABLE public.tenant_mail_limits (
    tenant_id uuid NOT NULL
      CONSTRAINT tenant_mail_limits_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    mails_per_hour integer NOT NULL
      CONSTRAINT tenant_mail_limits_hour_check CHECK (mails_per_hour BETWEEN 0 AND 1000000),
    CONSTRAINT tenant_mail_limits_pkey PRIMARY KEY (tenant_id)
  )`;

/* Operators set it for a tenant whose use is known. A tenant cannot raise its own limit. */
const LIMITS_POLICIES = protectTenantTable({
  table: 'tenant_mail_limits',
  policies: {},
  gatekeeper: { select: true },
});

/** Mails an hour that a tenant can send beside security notices, unless operators set another number. */
const MAILS_PER_HOUR = 1_000;

/** Requested mails to one address. Anybody who knows an address can ask for them. */
const REQUESTED_PER_HOUR = 5;
const REQUESTED_PER_DAY = 20;

/*
 * Decides whether a mail of the current tenant is sent, and adds it. The lock makes mails of one tenant that are added at once
 * count each other. It is held until the end of the transaction. Security notices are not counted and wait for no one: an
 * attacker who exhausts a limit must not prevent them.
 */
const ADD_MAIL = definerFunction({
  signature: `add_mail(p_id uuid, p_user uuid, p_kind text, p_category text, p_email text, p_content bytea,
    p_useless_after timestamptz)`,
  returns: 'text',
  language: 'plpgsql',
  callers: [SERVICE_ROLE, OPERATOR_ROLE],
  body: `
DECLARE
  tenant CONSTANT uuid := ${CURRENT_TENANT};
  address CONSTANT text := public.email_key(p_email);
  suppressed boolean;
BEGIN
  IF p_category = 'notification' AND EXISTS (
    SELECT FROM public.tenant_settings s
     WHERE s.tenant_id = tenant AND s.setting_key = 'notifications' AND s.setting_value ->> 'email' = 'false') THEN
    RETURN 'disabled';
  END IF;
  IF p_category <> 'security' THEN
    PERFORM pg_advisory_xact_lock(hashtext('outgoing_mails'), hashtext(tenant::text));
    IF p_category = 'requested' AND (
      (SELECT count(*) FROM public.outgoing_mails m
        WHERE m.tenant_id = tenant AND m.email_key = address AND m.category = 'requested'
          AND m.created_at > clock_timestamp() - interval '1 hour') >= ${REQUESTED_PER_HOUR}
      OR (SELECT count(*) FROM public.outgoing_mails m
        WHERE m.tenant_id = tenant AND m.email_key = address AND m.category = 'requested'
          AND m.created_at > clock_timestamp() - interval '1 day') >= ${REQUESTED_PER_DAY}) THEN
      RETURN 'address_limit';
    END IF;
    IF (SELECT count(*) FROM public.outgoing_mails m
         WHERE m.tenant_id = tenant AND m.category <> 'security' AND m.created_at > clock_timestamp() - interval '1 hour')
       >= coalesce((SELECT l.mails_per_hour FROM public.tenant_mail_limits l WHERE l.tenant_id = tenant), ${MAILS_PER_HOUR}) THEN
      RETURN 'tenant_limit';
    END IF;
  END IF;
  suppressed := EXISTS (
    SELECT FROM public.suppressed_addresses s WHERE s.tenant_id = tenant AND s.email_key = address);
  INSERT INTO public.outgoing_mails
    (tenant_id, id, user_id, kind, category, email, content, useless_after, status, finished_at)
  VALUES (tenant, p_id, p_user, p_kind, p_category, p_email,
    CASE WHEN NOT suppressed THEN p_content END, p_useless_after,
    CASE WHEN suppressed THEN 'suppressed' ELSE 'pending' END, CASE WHEN suppressed THEN clock_timestamp() END);
  RETURN CASE WHEN suppressed THEN 'suppressed' ELSE 'queued' END;
END`,
});

/* Whether a test mail of the current tenant was sent. The other mails are those of users, which admins do not see. */
const TEST_MAIL = definerFunction({
  signature: 'test_mail(p_id uuid)',
  returns: 'TABLE (id uuid, status text, last_error text)',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT m.id, m.status, m.last_error FROM public.outgoing_mails m
 WHERE m.tenant_id = ${CURRENT_TENANT} AND m.id = p_id AND m.kind = 'test_mail' AND ${hasPermission('manage_settings')}`,
});

/*
 * Deletes a batch of finished mails. They are no records of access, so a week is the minimum: the limit of a day counts them,
 * and an event of a mail server may come days later. Pending mails are not deleted.
 */
const PRUNE_MAILS = definerFunction({
  signature: 'prune_mails(p_tenant uuid, p_before timestamptz, p_limit integer)',
  returns: 'integer',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
DECLARE
  pruned integer;
  first timestamptz;
  last timestamptz;
BEGIN
  IF (p_before > now() - interval '7 days') IS NOT FALSE THEN
    RAISE EXCEPTION 'mails are kept for at least seven days' USING
      ERRCODE = 'insufficient_privilege', CONSTRAINT = 'retention_minimum';
  END IF;
  ${LOCK_TENANT}
    RETURN 0;
  END IF;
  WITH outdated AS (
    SELECT m.id FROM public.outgoing_mails m
     WHERE m.tenant_id = p_tenant AND m.created_at < p_before AND m.status <> 'pending'
     ORDER BY m.created_at LIMIT p_limit
  ), gone AS (
    DELETE FROM public.outgoing_mails m USING outdated o WHERE m.tenant_id = p_tenant AND m.id = o.id RETURNING m.created_at
  )
  SELECT count(*), min(g.created_at), max(g.created_at) INTO pruned, first, last FROM gone g;
  PERFORM public.record_pruning(p_tenant, 'mails', pruned, first, last);
  RETURN pruned;
END`,
});

/** Mails of tenants that are sent, or were, and how many a tenant can send. */
export const OUTGOING_MAILS: SchemaPart = {
  up: [
    TABLE,
    POLICIES,
    LIMITS_TABLE,
    LIMITS_POLICIES,
    asGatekeeper(ADD_MAIL, TEST_MAIL, PRUNE_MAILS),
  ],
  down: [
    `DROP FUNCTION public.add_mail(uuid, uuid, text, text, text, bytea, timestamptz), public.test_mail(uuid),
       public.prune_mails(uuid, timestamptz, integer)`,
    'DROP TABLE public.tenant_mail_limits',
    'DROP TABLE public.outgoing_mails',
  ],
};
