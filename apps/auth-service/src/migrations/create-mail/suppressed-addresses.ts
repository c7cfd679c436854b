import {
  asGatekeeper,
  definerFunction,
  GATEKEEPER_ROLE,
  hasPermission,
  OPERATOR_ROLE,
  protectTenantTable,
  type SchemaPart,
} from '@poc-tracker/tenancy';
import { EMAIL_KEY_COLUMN } from '../create-roles-and-context/stored-email.js';

const MANAGES_SETTINGS = hasPermission('manage_settings');

const TABLE = `
  CREATE TABLE public.suppressed_addresses (
    tenant_id uuid NOT NULL
      CONSTRAINT suppressed_addresses_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    email varchar(255) NOT NULL CONSTRAINT suppressed_addresses_email_check CHECK (public.is_email_address(email)),
    ${EMAIL_KEY_COLUMN},
    reason text NOT NULL CONSTRAINT suppressed_addresses_reason_check CHECK (reason IN ('bounce', 'complaint')),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT suppressed_addresses_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT suppressed_addresses_email_key UNIQUE (tenant_id, email_key)
  )`;

/* The worker and the intake of events insert on the operators' login. */
const POLICIES = protectTenantTable({
  table: 'suppressed_addresses',
  policies: { select: MANAGES_SETTINGS, delete: MANAGES_SETTINGS },
  operators: ['select', 'insert', 'delete'],
  gatekeeper: { select: ['tenant_id', 'email_key'] },
});

/* Ids of events that were taken in, so that a copy of one has no effect. It belongs to no tenant: only the function uses it. */
const EVENTS_TABLE = `
  CREATE TABLE public.mail_events (
    id text NOT NULL CONSTRAINT mail_events_pkey PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX mail_events_received_at_idx ON public.mail_events (received_at);
  GRANT SELECT, INSERT, DELETE ON public.mail_events TO ${GATEKEEPER_ROLE}`;

/* True if the event is new. An id is kept for an hour: events whose time is more than five minutes off are refused before. */
const ACCEPT_MAIL_EVENT = definerFunction({
  signature: 'accept_mail_event(p_id text)',
  returns: 'boolean',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
BEGIN
  DELETE FROM public.mail_events e WHERE e.received_at < now() - interval '1 hour';
  INSERT INTO public.mail_events (id) VALUES (p_id) ON CONFLICT (id) DO NOTHING;
  RETURN FOUND;
END`,
});

/** Addresses that a tenant sends no mail to, because a mail came back or its reader complained. */
export const SUPPRESSED_ADDRESSES: SchemaPart = {
  up: [TABLE, POLICIES, EVENTS_TABLE, asGatekeeper(ACCEPT_MAIL_EVENT)],
  down: [
    'DROP FUNCTION public.accept_mail_event(text)',
    'DROP TABLE public.mail_events',
    'DROP TABLE public.suppressed_addresses',
  ],
};
