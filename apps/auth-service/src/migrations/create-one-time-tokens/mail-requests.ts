import {
  asGatekeeper,
  CURRENT_TENANT,
  definerFunction,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

/** Requests of one tenant that wait. They are worked off within milliseconds, so more are those of an attack. */
const MAX_OF_TENANT = 200;

/* The content is encrypted: it has an address, which may have no account, and the secret of a browser. */
const TABLE = `
  CREATE TABLE public.mail_requests (
    tenant_id uuid NOT NULL
      CONSTRAINT mail_requests_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    kind text NOT NULL
      CONSTRAINT mail_requests_kind_check CHECK (kind IN ('reset_password', 'magic_link', 'login_code')),
    content bytea NOT NULL,
    -- Until then, the process that accepted the request works it off, or the one that has taken it over.
    lease_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL DEFAULT clock_timestamp() + interval '1 hour',
    CONSTRAINT mail_requests_pkey PRIMARY KEY (tenant_id, id)
  );
  CREATE INDEX mail_requests_lease_until_idx ON public.mail_requests (lease_until);
  CREATE INDEX mail_requests_expires_at_idx ON public.mail_requests (expires_at)`;

/* The service's login uses the functions alone. The operators' login takes over what is left, and deletes expired rows. */
const POLICIES = protectTenantTable({
  table: 'mail_requests',
  policies: {},
  operators: ['select', 'update', 'delete'],
  columns: { update: ['lease_until'] },
  gatekeeper: {
    select: true,
    insert: ['tenant_id', 'id', 'kind', 'content', 'lease_until'],
    delete: true,
  },
});

/* False if too many requests of the tenant wait. Requests at the same time may exceed the limit by one for each connection. */
const ADD_REQUEST = definerFunction({
  signature: 'add_mail_request(p_id uuid, p_kind text, p_content bytea, p_lease interval)',
  returns: 'boolean',
  language: 'sql',
  callers: [SERVICE_ROLE],
  body: `
WITH added AS (
  INSERT INTO public.mail_requests (tenant_id, id, kind, content, lease_until)
  SELECT ${CURRENT_TENANT}, p_id, p_kind, p_content, clock_timestamp() + p_lease
   WHERE (SELECT count(*) FROM public.mail_requests r WHERE r.tenant_id = ${CURRENT_TENANT}) < ${MAX_OF_TENANT}
  RETURNING id
)
SELECT EXISTS (SELECT FROM added)`,
});

/*
 * Deletes a request in the transaction that does its work. Of two processes that try, one gets the row: the other waits for its
 * lock, and then finds it deleted or, after a rollback, does the work.
 */
const TAKE_REQUEST = definerFunction({
  signature: 'take_mail_request(p_id uuid)',
  returns: 'boolean',
  language: 'sql',
  callers: [SERVICE_ROLE],
  body: `
WITH taken AS (
  DELETE FROM public.mail_requests r WHERE r.tenant_id = ${CURRENT_TENANT} AND r.id = p_id RETURNING r.id
)
SELECT EXISTS (SELECT FROM taken)`,
});

/** Requests for a mail that were answered, and whose work is not done yet. */
export const MAIL_REQUESTS: SchemaPart = {
  up: [TABLE, POLICIES, asGatekeeper(ADD_REQUEST, TAKE_REQUEST)],
  down: [
    'DROP FUNCTION public.add_mail_request(uuid, text, bytea, interval), public.take_mail_request(uuid)',
    'DROP TABLE public.mail_requests',
  ],
};
