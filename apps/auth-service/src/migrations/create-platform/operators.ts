import {
  asGatekeeper,
  auditTable,
  definerFunction,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { EMAIL_KEY_COLUMN } from '../create-roles-and-context/stored-email.js';

const TABLE = `
  CREATE TABLE public.operator_invitations (
    tenant_id uuid NOT NULL
      CONSTRAINT operator_invitations_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    email varchar(255) NOT NULL CONSTRAINT operator_invitations_email_check CHECK (public.is_email_address(email)),
    ${EMAIL_KEY_COLUMN},
    -- SHA-256. The secret holds 256 random bits, so a slow hash would add nothing.
    secret_hash bytea NOT NULL
      CONSTRAINT operator_invitations_secret_hash_check CHECK (octet_length(secret_hash) = 32),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT operator_invitations_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT operator_invitations_secret_hash_key UNIQUE (tenant_id, secret_hash)
  )`;

const POLICIES = protectTenantTable({
  table: 'operator_invitations',
  policies: {},
  gatekeeper: { select: true },
});

/*
 * Checked for the holder of a secret, before an expensive hash and before a connection of the operators' login is used.
 * It is a pre-check only: the activation checks the invitation again.
 */
const OPERATOR_INVITATION_IS_OPEN = definerFunction({
  signature: 'operator_invitation_is_open(p_email text, p_secret_hash bytea)',
  returns: 'boolean',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT EXISTS (
  SELECT FROM public.operator_invitations o
   WHERE o.tenant_id = (SELECT t.id FROM public.tenants t WHERE t.is_platform)
     AND o.secret_hash = p_secret_hash AND o.email_key = public.email_key(p_email)
     AND o.used_at IS NULL AND o.expires_at > now())`,
});

/**
 * Operators are the users of the platform tenant. Each is created by a one-time secret, which only the login of the
 * operators writes: a service cannot create an operator.
 */
export const OPERATORS: SchemaPart = {
  up: [
    TABLE,
    POLICIES,
    asGatekeeper(OPERATOR_INVITATION_IS_OPEN, auditTable('operator_invitations')),
  ],
  down: [
    'DROP FUNCTION public.operator_invitation_is_open(text, bytea)',
    'DROP TABLE public.operator_invitations',
  ],
};
