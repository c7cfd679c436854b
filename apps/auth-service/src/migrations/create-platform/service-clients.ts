import {
  asGatekeeper,
  auditTable,
  definerFunction,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

const TABLE = `
  CREATE TABLE public.service_clients (
    tenant_id uuid NOT NULL
      CONSTRAINT service_clients_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    name varchar(100) NOT NULL CONSTRAINT service_clients_name_check CHECK (public.is_line_of_text(name)),
    -- The name as nameKey of libs/text compares it: names that look the same have one key.
    name_key text NOT NULL,
    secret_hash bytea NOT NULL
      CONSTRAINT service_clients_secret_hash_check CHECK (octet_length(secret_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    CONSTRAINT service_clients_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT service_clients_name_key UNIQUE (tenant_id, name_key)
  )`;

const POLICIES = protectTenantTable({
  table: 'service_clients',
  policies: {},
  gatekeeper: { select: true },
});

/* Called before the client is authenticated: the service compares the secret. */
const FIND_SERVICE_CLIENT = definerFunction({
  signature: 'find_service_client(p_id uuid)',
  returns: 'TABLE (id uuid, name text, secret_hash bytea)',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT c.id, c.name, c.secret_hash
  FROM public.service_clients c
 WHERE c.tenant_id = (SELECT t.id FROM public.tenants t WHERE t.is_platform)
   AND c.id = p_id AND c.revoked_at IS NULL`,
});

/** The services that may introspect tokens. They belong to the platform tenant. */
export const SERVICE_CLIENTS: SchemaPart = {
  up: [TABLE, POLICIES, asGatekeeper(FIND_SERVICE_CLIENT, auditTable('service_clients'))],
  down: ['DROP FUNCTION public.find_service_client(uuid)', 'DROP TABLE public.service_clients'],
};
