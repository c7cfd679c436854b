import {
  asGatekeeper,
  CURRENT_TENANT,
  definerFunction,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

const TABLE = `
  CREATE TABLE public.spent_challenges (
    tenant_id uuid NOT NULL CONSTRAINT spent_challenges_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    challenge_hash bytea NOT NULL
      CONSTRAINT spent_challenges_challenge_hash_check CHECK (octet_length(challenge_hash) = 32),
    expires_at timestamptz NOT NULL,
    CONSTRAINT spent_challenges_pkey PRIMARY KEY (tenant_id, challenge_hash)
  );
  CREATE INDEX spent_challenges_expiry_idx ON public.spent_challenges (tenant_id, expires_at)`;

/* No login reads or writes it. */
const POLICIES = protectTenantTable({
  table: 'spent_challenges',
  policies: {},
  operators: [],
  // The row locks of the deletion need the right to update a column.
  gatekeeper: { select: true, insert: true, update: ['expires_at'], delete: true },
});

/*
 * Spends a challenge of a passkey, once. A parallel call waits until this transaction ends. Challenges that have expired are
 * refused without this table, so they are deleted: the table has those of a few minutes.
 */
const SPEND_CHALLENGE = definerFunction({
  signature: 'spend_challenge(p_challenge_hash bytea, p_expires_at timestamptz)',
  returns: 'boolean',
  language: 'plpgsql',
  callers: [SERVICE_ROLE],
  body: `
BEGIN
  DELETE FROM public.spent_challenges c
   WHERE c.tenant_id = ${CURRENT_TENANT} AND c.challenge_hash IN (
     SELECT e.challenge_hash FROM public.spent_challenges e
      WHERE e.tenant_id = ${CURRENT_TENANT} AND e.expires_at < now() - interval '1 hour'
      ORDER BY e.expires_at LIMIT 10 FOR UPDATE SKIP LOCKED);
  INSERT INTO public.spent_challenges (tenant_id, challenge_hash, expires_at)
  VALUES (${CURRENT_TENANT}, p_challenge_hash, p_expires_at) ON CONFLICT DO NOTHING;
  RETURN FOUND;
END`,
});

/** Challenges of passkeys that were used, until they expire. */
export const SPENT_CHALLENGES: SchemaPart = {
  up: [TABLE, POLICIES, asGatekeeper(SPEND_CHALLENGE)],
  down: [
    'DROP FUNCTION public.spend_challenge(bytea, timestamptz)',
    'DROP TABLE public.spent_challenges',
  ],
};
